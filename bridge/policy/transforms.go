package policy

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/fedbridge/fedbridge/bridge"
)

// The functions that make a claim fit for AWS. They are declared in the configuration, where they stand in an expression:
// without one, a value that doesn't fit is refused.
const (
	tagValueFunction       = "tagValue"
	sourceIdentityFunction = "sourceIdentity"
)

var transforms = []string{tagValueFunction, sourceIdentityFunction}

const (
	maxTagValue   = 256 // characters
	maxIdentity   = 64
	identityMark  = 16 // base32 characters, 80 bits: nobody finds another text with the same
	replacedInTag = '_'
)

// valueEnvironment is where tags and source identities are made: what rules have, and the functions above. Rules have no
// use for a text that was changed.
var valueEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	environment, err := celEnvironment()
	if err != nil {
		return nil, err
	}
	return environment.Extend(
		transform(tagValueFunction, tagValue),
		transform(sourceIdentityFunction, sourceIdentity),
	)
})

// transform declares a function of one text, or of a list that holds exactly one.
func transform(name string, change func(string) string) cel.EnvOption {
	apply := func(value ref.Val) ref.Val {
		if list, ok := value.(traits.Lister); ok {
			if n := list.Size().(types.Int); n != 1 {
				return types.WrapErr(countError(n))
			}
			value = list.Get(types.Int(0))
		}
		text, ok := value.(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(value)
		}
		return types.String(change(string(text)))
	}
	list := cel.ListType(cel.StringType)
	return cel.Function(name,
		cel.Overload(name+"_string", []*cel.Type{cel.StringType}, cel.StringType, cel.UnaryBinding(apply)),
		cel.Overload(name+"_list", []*cel.Type{list}, cel.StringType, cel.UnaryBinding(apply)),
	)
}

// countError tells of many values, or none, where one is needed.
type countError int

func (n countError) Error() string {
	return fmt.Sprintf("%d values, but exactly one is needed", int(n))
}

// tagValue makes a text fit for a session tag: white space at its ends goes, what AWS refuses becomes _, and it ends after
// 256 characters. Two texts may become one.
func tagValue(text string) string {
	var b strings.Builder
	count := 0
	for _, r := range strings.TrimSpace(text) {
		if count++; count > maxTagValue {
			break
		}
		if r == utf8.RuneError || !tagAlphabet(string(r)) {
			r = replacedInTag
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// sourceIdentity makes a text fit for a source identity: what AWS refuses becomes -, and where anything was changed, cut or
// too short, a hash of the whole text follows, so that two texts never become one. A text that reads as if it had such a
// hash gets one, too: nobody passes for somebody else by calling himself what the other one becomes. What is blank
// becomes empty, which is refused.
func sourceIdentity(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if bridge.ValidSessionName(text) && !marked(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if b.Len() == maxIdentity-1-identityMark {
			break
		}
		if r < 0x80 && bridge.ValidSessionByte(byte(r)) {
			b.WriteByte(byte(r))
		} else {
			b.WriteByte('-')
		}
	}
	hash := sha256.Sum256([]byte(text))
	return b.String() + "-" + lowerBase32.EncodeToString(hash[:])[:identityMark]
}

// marked tells whether a text ends like one with a hash.
func marked(text string) bool {
	at := len(text) - 1 - identityMark
	return at >= 0 && text[at] == '-' && strings.Trim(text[at+1:], "abcdefghijklmnopqrstuvwxyz234567") == ""
}
