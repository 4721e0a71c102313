package trust

import (
	"slices"
	"strings"
)

// context is what is known of one call: a Request's condition keys, folded and narrowed to its action.
type context struct {
	asked  string // the action as the request has it
	action string // in lower case
	caller caller
	values map[string][]string // an empty list: the call doesn't have the key
	hidden map[string][]string // that the call has, but another of its actions shows
	absent []string
	opaque []string
}

// scoped are the condition keys that exist in the authorisation of one action alone (aws-facts 3.5, 4.3), so that a
// statement that tests them can't allow sts:TagSession or sts:SetSourceIdentity as well.
var scoped = map[string]string{
	"sts:externalid":          "sts:assumerole",
	"sts:roleauthorizedbyidp": "sts:assumerolewithwebidentity",
}

func newContext(r Request) *context {
	c := &context{
		asked: r.Action, action: lower(r.Action), caller: newCaller(r.Principal), values: make(map[string][]string, len(r.Context)),
		absent: foldAll(r.Absent), opaque: foldAll(r.Opaque),
	}
	var lenient []string
	if len(r.Lenient) > 0 {
		lenient = foldAll(r.Lenient)
	}
	for key, values := range r.Context {
		key = lower(key)
		to := &c.values
		if scope, ok := scoped[key]; ok && scope != c.action && len(values) > 0 && !slices.Contains(lenient, key) {
			if to = &c.hidden; c.hidden == nil {
				c.hidden = map[string][]string{}
			}
		}
		// Two spellings of one key: both count, and a single-valued condition on them is Unknown.
		if len((*to)[key]) == 0 {
			(*to)[key] = slices.Clip(values)
		} else {
			(*to)[key] = append((*to)[key], values...)
		}
	}
	return c
}

func foldAll(keys []string) []string {
	for i, key := range keys {
		if folded := lower(key); folded != key {
			out := slices.Clone(keys)
			for j := i; j < len(out); j++ {
				out[j] = lower(out[j])
			}
			return out
		}
	}
	return keys
}

// look gives the values of a key, none if the call doesn't have it. known is false where that can't be told: of a key
// that the asker says he can't know, and of one that he says nothing about although it isn't his to leave out.
func (c *context) look(key string) (got []string, known bool) {
	if got, given := c.values[key]; given {
		return got, true
	}
	if matchesAny(c.opaque, key) {
		return nil, false
	}
	return nil, matchesAny(c.absent, key) || c.lacks(key)
}

func matchesAny(patterns []string, key string) bool {
	for _, pattern := range patterns {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(key, prefix) || pattern == key {
			return true
		}
	}
	return false
}
