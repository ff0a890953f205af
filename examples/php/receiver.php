<?php
// A receiver of webhooks with nothing but PHP. It verifies each request, keeps the
// event in a file of a folder, and answers at once; worker.php works on it. The name
// of the file comes from the id of the event, so an event that comes again is dropped.
//
//   WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 receiver.php
//   php worker.php

declare(strict_types=1);

const TOLERANCE = 5 * 60; // seconds that the timestamp may be off this machine's clock

/** Reads secrets, one or several with spaces between them: during a rotation both count. */
function keys(string $secrets): array
{
    $keys = [];
    foreach (preg_split('/\s+/', $secrets, -1, PREG_SPLIT_NO_EMPTY) as $secret) {
        $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : false;
        if ($key === false || $key === '') {
            return [];
        }
        $keys[] = $key;
    }
    return $keys;
}

/**
 * Says what is wrong with a request; null = nothing. The body is the bytes that
 * arrived: JSON that was decoded and encoded again has another signature.
 */
function verify(array $keys, callable $header, string $body, int $now): ?string
{
    $id = $header('webhook-id');
    $timestamp = $header('webhook-timestamp');
    if (!ctype_digit($timestamp)) {
        return 'webhook-timestamp is missing or no number';
    }
    if (abs($now - (int) $timestamp) > TOLERANCE) {
        return "webhook-timestamp is more than 5 minutes off this machine's clock";
    }
    foreach ($keys as $key) {
        $want = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        foreach (explode(' ', $header('webhook-signature')) as $got) {
            if (hash_equals($want, $got)) {
                return null;
            }
        }
    }
    return 'no signature fits the body and the secret';
}

/**
 * Keeps an event; false = it is there already. The event gets its name when it is whole,
 * so one that could not be written comes again and is kept then.
 */
function take(string $folder, string $id, string $body): bool
{
    $name = $folder . '/' . hash('sha256', $id);
    if (file_exists("$name.event")) {
        return false;
    }
    $part = $name . '.' . bin2hex(random_bytes(8)) . '.part';
    $event = json_encode(['id' => $id, 'body' => $body], JSON_THROW_ON_ERROR);
    if (file_put_contents($part, $event) !== strlen($event)) {
        @unlink($part);
        answer(500, 'the event can not be kept');
    }
    $kept = @link($part, "$name.event"); // fails where the name is taken, also for two at once
    unlink($part);
    if (!$kept && !file_exists("$name.event")) {
        answer(500, 'the event can not be kept');
    }
    return $kept;
}

function answer(int $status, string $text = ''): never
{
    http_response_code($status);
    header('Content-Type: text/plain');
    echo $text;
    exit;
}

$keys = keys((string) getenv('WEBHOOK_SECRET'));
if ($keys === []) {
    answer(500, 'WEBHOOK_SECRET must hold the secret of the webhook, which begins with whsec_');
}
if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    answer(405);
}
$header = fn (string $name): string => $_SERVER['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? '';
$body = (string) file_get_contents('php://input');
$wrong = verify($keys, $header, $body, time());
if ($wrong !== null) {
    answer(401, $wrong);
}
$folder = getenv('INBOX') ?: 'inbox';
if (!is_dir($folder) && !mkdir($folder, 0700, true) && !is_dir($folder)) {
    answer(500, 'the folder of the inbox can not be made');
}
if (!take($folder, $header('webhook-id'), $body)) {
    error_log('duplicate ' . $header('webhook-id'));
}
answer(204); // at once: the work is done later
