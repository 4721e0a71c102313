package mint

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
)

// Limits of STS on what a token or an assertion says (STS API, AssumeRole). The configuration's own checks come first;
// these are the last ones before a signature.
const (
	maxTags     = 50
	maxTagKey   = 128 // characters
	maxTagValue = 256
)

// check refuses what AWS would refuse, before anything is signed.
func check(req bridge.MintRequest) error {
	role, d := req.Role, req.Duration
	switch {
	case role.Mint != "" && role.Mint != bridge.ProofIDToken && role.Mint != bridge.ProofSAML:
		return unfit(role, "it asks for a proof that can't be minted")
	case !validARN(role.ARN):
		return unfit(role, "its ARN is not that of an IAM role")
	case req.Identity.Provider == "" || req.Identity.Subject == "":
		return unfit(role, "your sign-in has no provider or no subject")
	case !bridge.ValidSessionName(req.SessionName):
		return unfit(role, "the session name doesn't fit")
	case d < bridge.MinSession || d > bridge.MaxSession || d%time.Second != 0:
		return unfit(role, fmt.Sprintf("a session of %s", d))
	case req.SourceIdentity == "" && role.HasSourceIdentity:
		return bridge.FailWith(bridge.CodeSourceIdentity, "source_identity: it is empty", nil)
	case req.SourceIdentity != "" && (!bridge.ValidSessionName(req.SourceIdentity) || reserved(req.SourceIdentity)):
		return bridge.FailWith(bridge.CodeSourceIdentity, "source_identity", fmt.Errorf("mint: role %s", role.Key))
	case len(req.Tags) > maxTags:
		return tooLarge("session tags", len(req.Tags), maxTags)
	}
	return checkTags(req)
}

// validARN is quicker than to parse the ARN again: Role was parsed when the configuration was loaded.
func validARN(arn bridge.RoleARN) bool {
	if arn.Partition == "" || len(arn.Account) != 12 || len(arn.Name) < 1 || len(arn.Name) > 64 {
		return false
	}
	for i := range len(arn.Account) {
		if c := arn.Account[i]; c < '0' || c > '9' {
			return false
		}
	}
	for i := range len(arn.Name) {
		if !bridge.ValidSessionByte(arn.Name[i]) { // IAM's alphabet for names is the same
			return false
		}
	}
	for i := range len(arn.Path) {
		if c := arn.Path[i]; c < 0x21 || c > 0x7e {
			return false
		}
	}
	return strings.HasPrefix(arn.Path, "/") && strings.HasSuffix(arn.Path, "/")
}

// checkTags: AWS compares keys ignoring case, and keeps aws: for itself. A fault names the key, never the value.
func checkTags(req bridge.MintRequest) error {
	for i, tag := range req.Tags {
		var fault string
		switch {
		case tag.Key == "" || !tagText(tag.Key, maxTagKey) || reserved(tag.Key):
			fault = "the key"
		case !tagText(tag.Value, maxTagValue):
			fault = "the value"
		case hasTag(req.Tags[:i], tag.Key):
			fault = "the key comes twice"
		case req.Role.Mint == bridge.ProofSAML && strings.TrimFunc(tag.Value, unicode.IsSpace) != tag.Value:
			// White space around XML text is commonly dropped: the tag would say something else.
			fault = "white space at an end, which a SAML response can't carry"
		default:
			continue
		}
		return bridge.FailWith(bridge.CodeTagValue, strings.ToValidUTF8(tag.Key, "\uFFFD"), fmt.Errorf("mint: tag for %s: %s", req.Role.Key, fault))
	}
	for i, key := range req.Role.TransitiveTags {
		if !hasTag(req.Tags, key) || slices.Contains(req.Role.TransitiveTags[:i], key) {
			return bridge.FailWith(bridge.CodeTagValue, key, fmt.Errorf("mint: %s: transitive, but not once a tag of the session", req.Role.Key))
		}
	}
	return nil
}

// tagText tells whether STS takes s in a tag: at most so many of [\p{L}\p{Z}\p{N}_.:/=+\-@].
func tagText(s string, most int) bool {
	if len(s) > most && utf8.RuneCountInString(s) > most {
		return false
	}
	for _, r := range s {
		if r < utf8.RuneSelf {
			if !tagASCII[r] {
				return false
			}
		} else if !unicode.IsLetter(r) && !unicode.In(r, unicode.N, unicode.Z) { // nor is what isn't UTF-8: it reads as U+FFFD
			return false
		}
	}
	return true
}

var tagASCII = func() (in [utf8.RuneSelf]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _.:/=+-@" {
		in[c] = true
	}
	return in
}()

func hasTag(tags []bridge.Tag, key string) bool {
	return slices.ContainsFunc(tags, func(t bridge.Tag) bool { return strings.EqualFold(t.Key, key) })
}

func reserved(s string) bool { return len(s) >= 4 && strings.EqualFold(s[:4], "aws:") }

func tooLarge(what string, have, limit int) error {
	return bridge.FailWith(bridge.CodeSessionTooLarge, fmt.Sprintf("%s: %d, at most %d", what, have, limit), nil)
}
