<?php
$options = require dirname(__DIR__) . '/options.php';
$sp = $options['sp'];
$metadata[$sp['entity_id']] = [
    'AssertionConsumerService' => $sp['acs'],
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'simplesaml.nameidattribute' => 'uid',
    'simplesaml.attributes' => true,
    'saml20.sign.response' => $sp['sign_response'],
    'saml20.sign.assertion' => $sp['sign_assertion'],
    'assertion.encryption' => $sp['encrypt'],
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
] + ($sp['encrypt'] ? ['certData' => $sp['certificate']] : [])
  + (isset($sp['block_cipher']) ? ['sharedkey_algorithm' => $sp['block_cipher']] : []);
