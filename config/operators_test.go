package config_test

import (
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
)

func TestOperator(t *testing.T) {
	file := config.File{Operators: []config.Operators{{Provider: "corp", Groups: []string{"aws-platform", "ops"}}, {Provider: "staff", Groups: []string{"root"}}}}
	for _, c := range []struct {
		provider string
		groups   []string
		want     bool
	}{
		{"corp", []string{"dev", "ops"}, true}, {"staff", []string{"root"}, true},
		{"corp", []string{"root"}, false}, {"staff", []string{"ops"}, false}, {"corp", nil, false}, {"corp", []string{"OPS", "ops ", ""}, false},
		{"Corp", []string{"ops"}, false}, {"", []string{"ops"}, false}, {"other", []string{"ops"}, false},
	} {
		if got := file.Operator(bridge.Identity{Provider: c.provider, Groups: c.groups}); got != c.want {
			t.Errorf("%s %q: %v", c.provider, c.groups, got)
		}
	}
	if (&config.File{}).Operator(bridge.Identity{Groups: []string{""}}) {
		t.Error("somebody operates although nobody is named")
	}
}
