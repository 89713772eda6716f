<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// A server that accepts a request as Equotix One does: by the formula that the
// vendor publishes, over what PHP itself makes of the body.  It knows the
// secret from SECRET.  It answers with what it verified, so that the test sees
// that nothing else was changed on the way.

function fail(int $status, string $why): never
{
    http_response_code($status);
    echo json_encode(['error' => [$why]]);
    exit;
}

function is_authentic(array $data): bool
{
    $signature = $data['auth_signature'] ?? null;
    unset($data['auth_signature']);

    // From here to the comparison this is the vendor's example.
    $hash_data = $data;
    foreach ($hash_data as $key => $value) {
        if (is_array($value)) {
            unset($hash_data[$key]);
        }
    }
    ksort($hash_data);
    $hash = hash_hmac('sha256', json_encode($hash_data), getenv('SECRET'));
    return is_string($signature) && hash_equals($hash, $signature);
}

header('Content-Type: application/json');
$body = file_get_contents('php://input');
$data = json_decode($body, true);
if ($_SERVER['REQUEST_METHOD'] !== 'POST' || $_SERVER['CONTENT_TYPE'] !== 'application/json') {
    fail(400, 'not a POST of JSON');
}
if (!is_array($data)) {
    fail(400, 'not JSON: ' . json_last_error_msg());
}
if (!is_authentic($data)) {
    fail(401, 'the signature is wrong');
}
if ($data['domain'] !== 'test' || $data['api_key'] !== 'test@example.com') {
    fail(401, 'another account');
}
if (!is_int($data['auth_timestamp']) || abs(time() - $data['auth_timestamp']) > 300) {
    fail(401, 'too old');
}
echo json_encode(['verified' => base64_encode($body)]);
