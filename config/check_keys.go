package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// kmsKey is the ARN of a key: its id is a UUID, or mrk- and 32 characters where it lives in several regions (KMS API,
// KeyId).
var kmsKey = regexp.MustCompile(`^arn:(aws(?:-[a-z]+)*):kms:([a-z0-9-]+):[0-9]{12}:key/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`)

// check takes one directory, or keys in KMS.
func (k KeyList) check(path string) []bridge.Problem {
	var problems []bridge.Problem
	files := 0
	for i, spec := range k {
		at := keyAt(path, k, i)
		if strings.HasPrefix(spec, "file:") {
			files++
		}
		if fault := checkKeySpec(spec); fault != "" {
			problems = append(problems, bridge.Problemf(at, "%s", fault))
		} else if slices.Index(k, spec) < i {
			problems = append(problems, bridge.Problemf(at, "is written twice"))
		}
	}
	if files > 0 && len(k) > 1 {
		problems = append(problems, bridge.Problemf(path, "a list is for kms: only: a directory holds all keys, the old ones, too"))
	}
	return problems
}

// checkKeySpec repeats nothing that could be the key itself.
func checkKeySpec(spec string) string {
	const form = "write file:DIR, or kms:arn:aws:kms:REGION:ACCOUNT:key/ID"
	if dir, ok := strings.CutPrefix(spec, "file:"); ok {
		switch {
		case dir == "":
			return "lacks the directory: " + form
		case strings.HasSuffix(dir, ".pem"), strings.HasSuffix(dir, ".key"):
			return "reads like a file: write the directory that fedbridge makes its keys in"
		}
		return ""
	}
	arn, ok := strings.CutPrefix(spec, "kms:")
	if !ok {
		return "is no reference to keys: " + form
	}
	part := kmsKey.FindStringSubmatch(arn)
	switch {
	case strings.Contains(arn, ":alias/") || strings.HasPrefix(arn, "alias/"):
		return "is an alias, which anybody who may change it points at another key: write the key's ARN, kms:arn:aws:kms:REGION:ACCOUNT:key/ID"
	case part == nil:
		return "is not the ARN of a KMS key: " + form
	}
	if p, known := bridge.PartitionByID(part[1]); !known || !p.HasRegion(part[2]) {
		return "names a region that isn't one of its partition: " + form
	}
	return ""
}

// keyAt is the path of one reference: that of the list where only one is written.
func keyAt(path string, k KeyList, i int) string {
	if len(k) == 1 {
		return path
	}
	return index(path, i)
}
