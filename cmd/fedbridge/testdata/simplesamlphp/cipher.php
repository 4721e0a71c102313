<?php
// SimpleSAMLphp 1.19 encrypts assertions for a certificate with AES-128-CBC and has no setting for it; its library can do
// AES-GCM, and newer releases do. This loads the one class that chooses from its own source, with that one name changed.
function encryptWith(string $cipher): void
{
    $library = dirname((new ReflectionClass(SAML2\Assertion::class))->getFileName());
    $source = file_get_contents("$library/EncryptedAssertion.php");
    $changed = str_replace('new XMLSecurityKey(XMLSecurityKey::AES128_CBC)', "new XMLSecurityKey(XMLSecurityKey::$cipher)", $source, $count);
    if ($count !== 1) {
        throw new Exception("EncryptedAssertion.php is not as expected: $count places choose a cipher");
    }
    eval(substr($changed, strlen('<?php')));
}
