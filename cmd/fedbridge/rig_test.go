package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/config"
)

// rig is `fedbridge serve` as a process of its own, with the demo's configuration, in a world that the test holds in its
// hands: its identity providers can lie and its AWS can fail.
type rig struct {
	t         testing.TB
	world     *demoWorld
	fedbridge *instance
	url       string
	dir       string
	config    string
	audit     string
}

// newRig starts it. prepare, where it isn't nil, sees the world first and may change the configuration.
func newRig(t testing.TB, prepare func(r *rig, yaml string) string) *rig {
	t.Helper()
	portal, number := freeAddress(t)
	ops, _ := freeAddress(t)
	var err error
	r := &rig{t: t, url: "http://localhost:" + number, dir: t.TempDir()}
	r.audit = filepath.Join(r.dir, "audit.jsonl")
	if r.world, err = openDemoWorld(r.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.world.close)
	if r.config, err = (demoFlags{}).writeConfig(r.dir, r.world, r.url, portal, ops); err != nil {
		t.Fatal(err)
	}
	r.setUp()
	if prepare != nil {
		text, err := os.ReadFile(r.config)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, r.dir, filepath.Base(r.config), prepare(r, string(text)))
	}
	r.start()
	return r
}

// setUp is what the owners of the accounts do for the demo's configuration.
func (r *rig) setUp() {
	r.t.Helper()
	file, problems := config.Load(r.config)
	if len(problems) > 0 {
		r.t.Fatal(problems)
	}
	if err := r.world.setUp(file); err != nil {
		r.t.Fatal(err)
	}
}

// start runs it, again after an end.
func (r *rig) start() {
	r.t.Helper()
	defer func() {
		if err := r.world.trustSAML([]byte(get(r.t, r.url+"/saml/metadata"))); err != nil {
			r.t.Fatal(err)
		}
	}()
	c := r.world.credentials
	r.fedbridge = startServe(r.t, r.config, "AWS_ACCESS_KEY_ID="+c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey.Reveal(), "AWS_SESSION_TOKEN="+c.SessionToken.Reveal())
}

// issued counts the credentials that STS gave so far.
func (r *rig) issued() int {
	r.t.Helper()
	all := r.world.aws.Captured()
	n := 0
	for _, q := range all {
		if strings.HasPrefix(q.Action, "AssumeRole") && q.Code == "" {
			n++
		}
	}
	if len(all) == 64 {
		r.t.Fatal("more calls than the AWS of the tests remembers: begin a new rig")
	}
	return n
}

// entries reads the audit log.
func (r *rig) entries() []audit.Entry {
	r.t.Helper()
	f, err := os.Open(r.audit)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	all, err := audit.Read(f)
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// logged waits for the log line of a request, and gives it.
func (r *rig) logged(id string) string {
	r.t.Helper()
	text, ok := r.fedbridge.err.wait("request_id=" + id + " method=")
	if !ok {
		r.t.Fatalf("the log has nothing under the id %q:\n%s", id, r.fedbridge.log())
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "request_id="+id+" method=") {
			return line
		}
	}
	return ""
}

// open opens the state file beside fedbridge, which is open on it.
func (r *rig) open() *sql.DB {
	r.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.dir, "state.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		r.t.Fatal(err)
	}
	return db
}

// database runs a statement in the state file, as an accident would.
func (r *rig) database(statement string) {
	r.t.Helper()
	db := r.open()
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		r.t.Fatalf("%s: %v", statement, err)
	}
}

// rows counts what a table of the state file holds.
func (r *rig) rows(table string) (n int) {
	r.t.Helper()
	db := r.open()
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}
