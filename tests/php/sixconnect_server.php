<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// A server that accepts a request as 6connect ProVision does: it takes what
// stands before "&hash=" in the raw query string and signs that.  It knows the
// key from KEY and the secret from SECRET, and answers with what it verified.

function fail(string $why): never
{
    echo json_encode(['success' => 0, 'message' => $why, 'data' => []]);
    exit;
}

header('Content-Type: application/json');
$query = $_SERVER['QUERY_STRING'] ?? '';
$signed = preg_replace('/&hash=.*$/', '', $query);
$hash = base64_encode(hash_hmac('sha256', $signed, getenv('SECRET'), true));

if (isset($_SERVER['HTTP_COOKIE'])) {
    fail('a session cookie: the hash would not be looked at');
}
if (($_GET['apiKey'] ?? null) !== getenv('KEY')) {
    fail('unknown API key');
}
// What PHP decoded, and what urldecode() makes of the raw value.
if (!hash_equals($hash, $_GET['hash'] ?? '') || !hash_equals($hash, urldecode(substr($query, strlen($signed) + 6)))) {
    fail('Invalid hash');
}
echo json_encode(['success' => 1, 'message' => 'OK', 'data' => ['signed' => base64_encode($signed)]]);
