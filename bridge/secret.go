package bridge

import (
	"encoding/json"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is text that must not reach a log, an error, a page or a metric by accident: it prints, logs and marshals as
// [redacted]. The value stands behind a pointer, because fmt prints unexported fields without asking String.
// The zero Secret is empty.
type Secret struct{ value *string }

// NewSecret wraps a value. Wrapping "" gives the zero Secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value, for the one place that needs it: the wire, or the person who asked for it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero tells whether there is no value.
func (s Secret) IsZero() bool { return s.value == nil }

// String returns [redacted], or "" for the zero Secret.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return redacted
}

// GoString keeps %#v from showing the value.
func (s Secret) GoString() string { return "bridge.Secret(" + s.String() + ")" }

// LogValue keeps slog from showing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes the redacted form: a Secret never survives a round trip through JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }
