package awssts

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// longRun is text that could be a part of a token, an assertion or a key. STS quotes what it refuses ("Value '…' at
// 'webIdentityToken' failed to satisfy constraint"), and may cut it first, so that looking for the whole is not enough.
var longRun = regexp.MustCompile(`[A-Za-z0-9+/=_.%-]{32,}`)

// maxCause bounds a cause in the log.
const maxCause = 400

// scrubbed makes a cause of an error whose text comes from elsewhere. The error itself is not wrapped: it may hold the
// body of an answer, and whoever prints the chain would print that.
func scrubbed(doing string, err error, proof *bridge.Secret) error {
	return fmt.Errorf("%s: %s", doing, clean(err.Error(), proof))
}

// clean takes out of a text from elsewhere what could be a secret, and bounds it.
func clean(text string, proof *bridge.Secret) string {
	if proof != nil && !proof.IsZero() {
		text = without(text, proof.Reveal())
	}
	text = longRun.ReplaceAllString(text, "[…]")
	if len(text) > maxCause {
		text = strings.ToValidUTF8(text[:maxCause], "") + "…"
	}
	return text
}

// without removes a secret and its parts: the parts of a token between dots, and all of it as it stands in a form.
func without(text, secret string) string {
	for _, part := range append([]string{secret, url.QueryEscape(secret)}, strings.Split(secret, ".")...) {
		if len(part) >= 4 {
			text = strings.ReplaceAll(text, part, "[…]")
		}
	}
	return text
}
