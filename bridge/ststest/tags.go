package ststest

import (
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// tag is a session tag; a transitive one goes on into chained sessions (aws-facts 1.17).
type tag struct {
	bridge.Tag
	transitive bool
}

type tagSet []tag

const maxTags = 50

func (t tagSet) has(key string) bool {
	return slices.ContainsFunc(t, func(v tag) bool { return strings.EqualFold(v.Key, key) })
}

func (t tagSet) transitive() tagSet {
	var out tagSet
	for _, v := range t {
		if v.transitive {
			out = append(out, v)
		}
	}
	return out
}

// mark makes the named keys transitive; each must be one of the tags.
func (t tagSet) mark(keys []string) string {
	for _, key := range keys {
		i := slices.IndexFunc(t, func(v tag) bool { return strings.EqualFold(v.Key, key) })
		if i < 0 {
			return "The specified transitive tag key must be included in the requested tags."
		}
		t[i].transitive = true
	}
	return ""
}

// problem says what is wrong with tags that an assertion or token brought; "" if nothing is.
func (t tagSet) problem() string {
	if len(t) > maxTags {
		return "The number of session tags exceeds the limit of 50."
	}
	for i, v := range t {
		var broken violations
		broken.text("principalTags.key", v.Key, tagKeyRule)
		broken.text("principalTags.value", v.Value, tagValueRule)
		switch {
		case len(broken) > 0:
			return broken[0]
		case reserved(v.Key):
			return "Tag keys must not begin with \"aws:\"."
		case t[:i].has(v.Key):
			return "Duplicate tag keys found. Please note that Tag keys are case insensitive."
		}
	}
	return ""
}

func reserved(s string) bool { return len(s) >= 4 && strings.EqualFold(s[:4], "aws:") }

// conditionKeys adds what a policy can ask about the tags of a request.
func (t tagSet) conditionKeys(to map[string][]string) {
	for _, v := range t {
		to["aws:RequestTag/"+v.Key] = []string{v.Value}
		to["aws:TagKeys"] = append(to["aws:TagKeys"], v.Key)
		if v.transitive {
			to["sts:TransitiveTagKeys"] = append(to["sts:TransitiveTagKeys"], v.Key)
		}
	}
}

// sortTags brings tags that were read from a map into an order that doesn't change.
func sortTags(t tagSet) {
	slices.SortFunc(t, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
}
