<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// 6connect.php - a stand-in for the vendor's server, for trying things out:
//
//     SECRET_KEY=... php -S 127.0.0.1:8080 6connect.php
//
// It verifies a request as the vendor documents it, with PHP's own functions:
// the raw query string up to "&hash=", under the secret key.

$query = $_SERVER['QUERY_STRING'] ?? '';
$signed = preg_replace('/&hash=.*$/', '', $query);
$expected = base64_encode(hash_hmac('sha256', $signed, getenv('SECRET_KEY'), true));

header('Content-Type: application/json');
if (isset($_GET['hash']) && is_string($_GET['hash']) && hash_equals($expected, $_GET['hash'])) {
    echo json_encode(['success' => 1, 'message' => 'the hash is right', 'data' => []]), "\n";
} else {
    echo json_encode(['success' => 0, 'message' => 'Invalid hash', 'data' => []]), "\n";
}
