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
    foreach (glob("$folder/*.todo") ?: [] as $file) {
        $event = json_decode((string) file_get_contents($file), true, flags: JSON_THROW_ON_ERROR);
        work($event, (string) file_get_contents(substr($file, 0, -strlen('.todo')) . '.id'));
        rename($file, substr($file, 0, -strlen('.todo')) . '.done');
    }
    usleep(200_000);
}
