<?php
$options = require __DIR__ . '/options.php';
$people = ['exampleauth:UserPass'];
foreach ($options['people'] as $person) {
    $people[$person['username'] . ':' . $person['password']] = $person['attributes'];
}
$config = ['people' => $people];
