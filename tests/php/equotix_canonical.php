<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// What Equotix One signs, by the vendor's own formula.  Reads one body a line
// in base64.  Writes "NAMES RESULT" for each: NAMES is "integer" when a signed
// name is an integer key, "numeric" when two or more are numeric strings, and
// "-" otherwise; RESULT is the text in base64, or "refused" and why.

// The vendor's example, with the body in the place of its array.
function canonical(array $hash_data): string|false
{
    foreach ($hash_data as $key => $value) {
        if (is_array($value)) {
            unset($hash_data[$key]);
        }
    }
    ksort($hash_data);
    return json_encode($hash_data);
}

function names(array $data): string
{
    $numeric = 0;
    foreach ($data as $key => $value) {
        if (is_array($value)) {
            continue;
        }
        if (is_int($key)) {
            return 'integer';
        }
        $numeric += is_numeric($key) ? 1 : 0;
    }
    return $numeric > 1 ? 'numeric' : '-';
}

function answer(string $body): string
{
    $data = json_decode($body, true);
    if (json_last_error() !== JSON_ERROR_NONE) {
        return '- refused ' . json_last_error_msg();
    }
    if (!is_array($data) || ltrim($body, " \t\r\n")[0] !== '{') {
        return '- refused not an object';
    }
    $text = canonical($data);
    if ($text === false) {
        return names($data) . ' refused ' . json_last_error_msg();
    }
    return names($data) . ' ' . base64_encode($text);
}

while (($line = fgets(STDIN)) !== false) {
    echo answer(base64_decode(rtrim($line, "\n"), true)), "\n";
}
