<?php
// The test that starts SimpleSAMLphp writes what it wants into a JSON file and names it in the environment.
return json_decode(file_get_contents(getenv('FEDBRIDGE_TEST_SAML_OPTIONS')), true);
