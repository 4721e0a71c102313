package trust

import "strings"

// operator is how a condition compares one of its values with one value of the request.
type operator struct {
	match     func(want value, got string) truth
	negated   bool
	null      bool // compares whether the key is there, not what it says
	variables bool // policy variables are resolved in its values
}

// operators holds what is evaluated; every other name makes a condition Unknown. There is no StringLikeIgnoreCase in IAM.
var operators = map[string]operator{
	"StringEquals":              {match: equal, variables: true},
	"StringNotEquals":           {match: equal, variables: true, negated: true},
	"StringEqualsIgnoreCase":    {match: equalFold, variables: true},
	"StringNotEqualsIgnoreCase": {match: equalFold, variables: true, negated: true},
	"StringLike":                {match: like, variables: true},
	"StringNotLike":             {match: like, variables: true, negated: true},
	"ArnEquals":                 {match: arnLike, variables: true}, // IAM: ArnEquals and ArnLike behave identically
	"ArnLike":                   {match: arnLike, variables: true},
	"ArnNotEquals":              {match: arnLike, variables: true, negated: true},
	"ArnNotLike":                {match: arnLike, variables: true, negated: true},
	"Bool":                      {match: boolEqual},
	"Null":                      {match: boolEqual, null: true},
}

func equal(want value, got string) truth { return is(want.text == got) }

func like(want value, got string) truth { return is(Match(want.text, got)) }

// equalFold is sure about ASCII. Where only Unicode's folding makes two texts equal, IAM's answer is not documented.
func equalFold(want value, got string) truth {
	switch {
	case lower(want.text) == lower(got):
		return yes
	case strings.EqualFold(want.text, got):
		return maybe
	}
	return no
}

func boolEqual(want value, got string) truth {
	w := lower(want.text)
	if w != "true" && w != "false" {
		return maybe
	}
	return is(w == lower(got))
}

// arnLike compares the six parts one by one: a wildcard does not reach over a colon, except in the last part.
func arnLike(want value, got string) truth {
	if want.arn == nil {
		return maybe // "*" and the like: not an ARN
	}
	parts := splitARN(got)
	if parts == nil {
		return no
	}
	for i := range want.arn {
		if !Match(want.arn[i], parts[i]) {
			return no
		}
	}
	return yes
}
