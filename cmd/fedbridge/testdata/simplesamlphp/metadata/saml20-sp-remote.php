<?php
$options = require dirname(__DIR__) . '/options.php';
foreach ($options['sps'] as $sp) {
    $entry = [
        'AssertionConsumerService' => $sp['acs'],
        'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
        'simplesaml.nameidattribute' => 'uid',
        'saml20.sign.response' => $sp['sign_response'],
        'saml20.sign.assertion' => $sp['sign_assertion'],
        'assertion.encryption' => $sp['encrypt'],
        'validate.authnrequest' => $sp['validate_requests'],
    ];
    if ($sp['certificate'] !== '') { // verifies our requests, and encrypts for us
        $entry['certData'] = $sp['certificate'];
    }
    if ($sp['persistent']) { // a name that is this SP's alone, in place of the uid
        $entry['authproc'][20] = ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'];
    }
    if ($sp['aws_roles']) { // what AWS wants of an answer that is relayed to it
        $entry['audience'] = ['urn:amazon:webservices'];
        $entry['authproc'][50] = ['class' => 'core:AttributeCopy',
            'mail' => 'https://aws.amazon.com/SAML/Attributes/RoleSessionName'];
        $entry['authproc'][51] = ['class' => 'core:AttributeAdd',
            'https://aws.amazon.com/SAML/Attributes/Role' => $sp['aws_roles']];
    }
    if ($sp['cipher'] !== '') {
        $entry['authproc'][90] = ['class' => 'core:PHP',
            'code' => "require_once '" . dirname(__DIR__) . "/cipher.php'; encryptWith('{$sp['cipher']}');"];
    }
    $metadata[$sp['entity_id']] = $entry;
}
