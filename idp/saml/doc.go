// Package saml signs people in with a SAML 2.0 identity provider: it is the service provider of the Web Browser SSO
// profile (SAML Profiles §4.1).
//
// # The way of an answer
//
//	form fields ─> base64 ─> scan (one strict pass, a tree) ─> census (one assertion, where signatures stand)
//	  ─> signature shape ─> Validate against each pinned certificate ─> field checks ─> replay guard ─> Identity
//
// What is believed is read from nothing but the element that signature verification returned: a tree made of the very
// bytes whose digest was signed. Where a Response and its Assertion are both signed, both must verify; the envelope is
// read from the verified Response and the person from the verified Assertion. Where only the Response is signed, the
// Assertion is read inside the verified Response. Where only the Assertion is signed, the envelope around it is unsigned:
// it can make the answer fail, and nothing in it is believed.
//
// An encrypted assertion is taken from the Response (the verified one, if it is signed), decrypted, and its plaintext
// starts again at the scan. A signature is demanded all the same, of the Response around the ciphertext or of the
// Assertion inside.
//
// # What is trusted
//
// The certificates in the provider's metadata (an https URL in the configuration, refreshed; or a file that never changes
// itself), or those that the operator pinned. A key that comes along in a message is never looked at. A certificate that
// has expired verifies nothing; its end is announced weeks before, in the log and in Status.
//
// # What it refuses to do
//
// Call out because of a message (artifacts are ignored), take GET answers, guess between two readings, decide on unsigned
// text, follow redirects for metadata, or let metadata lower a demand. Single logout isn't spoken, so it isn't advertised.
//
// One thing here believes without verifying: InsecureReadUnverified, for an operator who wants to see what the policy would
// say about a file. It shares the scanner and the readers; nothing on the way of an answer calls it.
//
// crewjam/saml gives the types of metadata and requests, goxmldsig verifies. Limits stand before both and a recover
// around them: a panic is a refused sign-in and an error in the log.
package saml
