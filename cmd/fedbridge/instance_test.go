package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// hangs is how long a test waits before it calls something stuck. It says nothing about how fast anything should be.
const hangs = time.Minute

// instance is fedbridge as a process of its own.
type instance struct {
	t        testing.TB
	cmd      *exec.Cmd
	out, err *transcript // what it wrote: standard output, standard error
	ended    chan struct{}
	code     int // exit code, once ended is closed
}

// startInstance runs `fedbridge args…` with no environment but a PATH, a home and a temporary folder of its own, and env.
// When the test is over it is asked to end, and must end well.
func startInstance(t testing.TB, env []string, args ...string) *instance {
	t.Helper()
	binary, err := exec.LookPath("fedbridge") // testscript.Main put this test binary into PATH under that name
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	i := &instance{t: t, out: newTranscript(), err: newTranscript(), ended: make(chan struct{})}
	i.cmd = exec.Command(binary, args...)
	i.cmd.Args[0] = "fedbridge"
	i.cmd.Dir = home
	i.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
		"AWS_EC2_METADATA_DISABLED=true",
	}, env...)
	i.cmd.Stdout, i.cmd.Stderr = i.out, i.err
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		i.cmd.Wait()
		i.code = i.cmd.ProcessState.ExitCode()
		close(i.ended)
		i.out.end()
		i.err.end()
	}()
	t.Cleanup(i.cleanUp)
	return i
}

// startServe runs `fedbridge serve` with a configuration, and waits until it serves.
func startServe(t testing.TB, config string, env ...string) *instance {
	t.Helper()
	i := startInstance(t, env, "serve", "--config", config)
	if _, ok := i.err.wait("msg\":\"serving\"", "msg=serving"); !ok {
		t.Fatalf("fedbridge serve is not ready:\n%s", i.log())
	}
	return i
}

// startDemo runs `fedbridge demo --json`, waits until it is ready, and gives what it printed.
func startDemo(t testing.TB, args ...string) (*instance, demoReady) {
	t.Helper()
	return startDemoIn(t, nil, args...)
}

// startDemoIn is startDemo in an environment.
func startDemoIn(t testing.TB, env []string, args ...string) (*instance, demoReady) {
	t.Helper()
	i := startInstance(t, env, append([]string{"demo", "--json"}, args...)...)
	var ready demoReady
	line, ok := i.out.wait("}\n")
	if !ok {
		t.Fatalf("fedbridge demo is not ready:\n%s", i.log())
	}
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatalf("fedbridge demo --json printed %q: %v", line, err)
	}
	return i, ready
}

// log is all that the process has written to standard error.
func (i *instance) log() string { return i.err.String() }

// printed is all that the process has written to standard output.
func (i *instance) printed() string { return i.out.String() }

// stop asks the process to end, as systemd and Docker do, and expects that it ends well.
func (i *instance) stop() {
	i.t.Helper()
	if code := i.signal(syscall.SIGTERM); code != exitOK {
		i.t.Errorf("exit code %d after SIGTERM; the log:\n%s", code, i.log())
	}
}

// kill ends the process without asking, and waits until it is gone.
func (i *instance) kill() { i.signal(syscall.SIGKILL) }

// signal sends a signal that should end the process, and gives the exit code (-1: a signal ended it).
func (i *instance) signal(s os.Signal) int {
	i.t.Helper()
	if err := i.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		i.t.Error(err)
	}
	return i.wait()
}

// wait waits until the process has ended, and gives the exit code.
func (i *instance) wait() int {
	i.t.Helper()
	select {
	case <-i.ended:
	case <-time.After(hangs):
		i.cmd.Process.Kill()
		<-i.ended
		i.t.Errorf("the process didn't end by itself; the log:\n%s", i.log())
	}
	return i.code
}

func (i *instance) cleanUp() {
	select {
	case <-i.ended: // the test has seen to it
	default:
		i.stop()
	}
	if i.t.Failed() {
		i.t.Logf("the log of fedbridge %s:\n%s", strings.Join(i.cmd.Args[1:], " "), i.log())
	}
}

// freeAddress gives an address on 127.0.0.1 that is free now. It is below the ports that systems hand out by themselves, so
// that no server of a test that runs beside this one gets it before the process that is meant to listen there.
func freeAddress(t testing.TB) (address, port string) {
	t.Helper()
	for range 100 {
		port = strconv.Itoa(20000 + rand.IntN(10000))
		address = net.JoinHostPort("127.0.0.1", port)
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address, port
		}
	}
	t.Fatal("no free port in a hundred tries")
	return "", ""
}

// writeFile writes a file into a folder and gives its path.
func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// transcript collects what a process writes, for several readers.
type transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	more  chan struct{} // closed, and replaced, with each write
	ended bool
}

func newTranscript() *transcript { return &transcript{more: make(chan struct{})} }

func (w *transcript) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.more)
	w.more = make(chan struct{})
	return w.text.Write(b)
}

func (w *transcript) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	close(w.more)
	w.more = make(chan struct{})
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// wait waits until one of the texts was written, and gives all of the text; false means that the process ended, or hangs.
func (w *transcript) wait(anyOf ...string) (string, bool) {
	return w.until(func(text string) bool {
		return slices.ContainsFunc(anyOf, func(wanted string) bool { return strings.Contains(text, wanted) })
	})
}

func (w *transcript) until(enough func(string) bool) (string, bool) {
	late := time.After(hangs)
	for {
		w.mu.Lock()
		text, more, ended := w.text.String(), w.more, w.ended
		w.mu.Unlock()
		if enough(text) {
			return text, true
		}
		if ended {
			return text, false
		}
		select {
		case <-more:
		case <-late:
			return text, false
		}
	}
}
