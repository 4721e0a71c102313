package config

import (
	"fmt"
	"time"
)

// KeyList is one reference to keys, or a list of them.
type KeyList []string

// UnmarshalYAML takes a text or a list of texts.
func (k *KeyList) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*k = KeyList{one}
		return nil
	}
	var many []string
	if err := unmarshal(&many); err != nil {
		return err
	}
	*k = many
	return nil
}

// JSONSchema describes both forms.
func (KeyList) JSONSchema() map[string]any {
	word := map[string]any{"type": "string", "pattern": `^(file|kms):.+`}
	return map[string]any{"oneOf": []any{word, map[string]any{"type": "array", "items": word, "minItems": 1}}}
}

// Rotation is a length of time, or never, which is 0.
type Rotation time.Duration

// UnmarshalYAML takes the word never, or a length of time.
func (r *Rotation) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil && text == "never" {
		*r = 0
		return nil
	}
	var length time.Duration
	if unmarshal(&length) != nil {
		return fmt.Errorf("expects a length of time such as 2160h, or never")
	}
	*r = Rotation(length)
	return nil
}

// JSONSchema describes both forms.
func (Rotation) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"const": "never"}, map[string]any{"type": "string", "pattern": lengthPattern},
	}}
}

// Delay is a length of time that may be 0s.
type Delay time.Duration

// UnmarshalYAML takes a length of time.
func (d *Delay) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil && text == "0s" {
		*d = 0
		return nil
	}
	var length time.Duration
	if unmarshal(&length) != nil {
		return fmt.Errorf("expects a length of time such as 1h, or 0s")
	}
	*d = Delay(length)
	return nil
}

// JSONSchema describes it.
func (Delay) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": lengthPattern}
}
