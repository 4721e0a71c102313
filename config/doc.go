// Package config reads the one YAML file that an operator writes: Parse, Check, Open.
//
// Parse is strict (an unknown key is a fault that names the nearest known one) and reports every fault at once, with
// line and column. It looks through the text first: characters that can't be seen, anchors, aliases, tags and deep
// nesting are refused, so that what a reviewer reads is what is meant. Check is pure: it touches neither network nor
// files nor environment. Open alone does, and makes the parts that cmd wires together. The struct is the manual: the
// doc tags of its fields become the JSON Schema and the reference in README.
//
// What it refuses to do: guess. A key whose feature isn't built is unknown, a secret written in clear is a fault, and
// leaving a key out never widens access.
package config
