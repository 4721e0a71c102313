package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	maxBytes = 64 << 10 // of the document as written; IAM's own limit counts characters without white space
	maxDepth = 10       // policy, Statement, Condition, operator, key, values: seven suffice
)

// kind of a JSON value.
type kind uint8

const (
	object kind = iota
	array
	text
	number
	boolean
	null
)

// node is a JSON value that keeps the order of an object's fields. Names are exact and unique: encoding/json into a
// struct would fold case and let the last of two twins win.
type node struct {
	kind   kind
	text   string // of a text, number or boolean, as written
	fields []field
	items  []node
}

type field struct {
	name  string
	value node
}

func parseJSON(raw []byte) (node, error) {
	if len(raw) > maxBytes {
		return node{}, fmt.Errorf("trust: a policy of %d bytes; %d are read at most", len(raw), maxBytes)
	}
	if !utf8.Valid(raw) {
		return node{}, errors.New("trust: the policy is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	n, err := parseValue(decoder, 0)
	if err != nil {
		return node{}, fmt.Errorf("trust: not a JSON document: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return node{}, errors.New("trust: something follows the policy's last brace")
	}
	return n, nil
}

func parseValue(decoder *json.Decoder, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, errors.New("nested too deeply")
	}
	token, err := decoder.Token()
	if err != nil {
		return node{}, err
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return parseObject(decoder, depth)
		}
		return parseArray(decoder, depth)
	case string:
		return node{kind: text, text: v}, nil
	case json.Number:
		return node{kind: number, text: v.String()}, nil
	case bool:
		return node{kind: boolean, text: fmt.Sprint(v)}, nil
	}
	return node{kind: null}, nil
}

func parseObject(decoder *json.Decoder, depth int) (node, error) {
	n := node{kind: object}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return node{}, err
		}
		name, ok := token.(string)
		if !ok {
			return node{}, fmt.Errorf("%v is not a name", token)
		}
		if seen[name] {
			return node{}, fmt.Errorf("%q is written twice", name)
		}
		seen[name] = true
		value, err := parseValue(decoder, depth+1)
		if err != nil {
			return node{}, err
		}
		n.fields = append(n.fields, field{name, value})
	}
	_, err := decoder.Token() // the closing brace
	return n, err
}

func parseArray(decoder *json.Decoder, depth int) (node, error) {
	n := node{kind: array}
	for decoder.More() {
		value, err := parseValue(decoder, depth+1)
		if err != nil {
			return node{}, err
		}
		n.items = append(n.items, value)
	}
	_, err := decoder.Token() // the closing bracket
	return n, err
}

// list reads "one or many": a value alone, or an array of one or more, of the kinds that are allowed.
func (n node) list(where string, kinds ...kind) ([]string, error) {
	items := []node{n}
	if n.kind == array {
		items = n.items
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("trust: %s: an empty list", where)
	}
	values := make([]string, 0, len(items))
	for _, item := range items {
		allowed := false
		for _, k := range kinds {
			allowed = allowed || item.kind == k
		}
		if !allowed {
			return nil, fmt.Errorf("trust: %s: not a value of the kind that belongs here", where)
		}
		values = append(values, item.text)
	}
	return values, nil
}
