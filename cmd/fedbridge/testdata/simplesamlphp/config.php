<?php
$options = require __DIR__ . '/options.php';
$config = [
    'baseurlpath' => $options['url'] . '/',
    'certdir' => $options['dir'] . '/',
    'datadir' => $options['dir'] . '/',
    'tempdir' => $options['dir'] . '/tmp',
    'secretsalt' => $options['salt'],
    'auth.adminpassword' => $options['salt'],
    'technicalcontact_name' => 'Test',
    'technicalcontact_email' => 'test@example.com',
    'timezone' => 'UTC',
    'enable.saml20-idp' => true,
    'session.duration' => 16 * 3600, // longer than the longest role
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.cookie.secure' => false,
    'session.phpsession.cookiename' => 'SimpleSAMLphp',
    'session.phpsession.savepath' => $options['dir'],
    'store.type' => 'phpsession',
    'logging.level' => SimpleSAML\Logger::WARNING,
    'logging.handler' => 'errorlog',
    'metadata.sources' => [['type' => 'flatfile', 'directory' => __DIR__ . '/metadata']],
    'debug' => ['saml' => false, 'backtraces' => true, 'validatexml' => false],
    'showerrors' => true,
    'errorreporting' => false,
];
