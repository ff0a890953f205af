<?php
// Works on the events that receiver.php has kept, one after another.

declare(strict_types=1);

/** What your program does about an event. It may take as long as it likes. */
function work(array $event, string $id): void
{
    echo "worked {$event['type']} $id\n";
}

$folder = getenv('INBOX') ?: 'inbox';
while (true) {
    foreach (glob("$folder/*.event") ?: [] as $file) {
        $done = substr($file, 0, -strlen('.event')) . '.done';
        if (file_exists($done)) {
            continue;
        }
        $kept = json_decode((string) file_get_contents($file), true, flags: JSON_THROW_ON_ERROR);
        work(json_decode($kept['body'], true, flags: JSON_THROW_ON_ERROR), $kept['id']);
        touch($done);
    }
    usleep(200_000);
}
