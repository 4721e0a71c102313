package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

// bareProgram is the least that can serve a page over TLS: what any Go program pays.
const bareProgram = `package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	panic(http.ListenAndServeTLS(os.Args[1], os.Args[2]+".crt", os.Args[2]+".key", nil))
}
`

// BenchmarkStart is from exec to the first page over TLS, of the binary as it is released; beside it a program of
// net/http and TLS alone, built in the same run and started in turn. ratio is that of the medians.
func BenchmarkStart(b *testing.B) {
	w := newBenchWorld(b, "https", b.TempDir(), 60)
	ours, bare := buildStatic(b, "."), buildStatic(b, writeBare(b))
	address := benchPort(b)
	for _, c := range []struct {
		program string
		args    []string
		url     string
	}{
		{bare, []string{address, filepath.Join(w.dir, "tls")}, "https://" + address},
		{ours, []string{"serve", "--config", w.config}, w.url},
	} {
		startProcess(b, c.program, c.url, c.args...).stop() // both have been read from the disk once
	}
	var mine, other []time.Duration
	for b.Loop() {
		p := startProcess(b, bare, "https://"+address, address, filepath.Join(w.dir, "tls"))
		other = append(other, p.took)
		p.stop()
		p = startProcess(b, ours, w.url, "serve", "--config", w.config)
		mine = append(mine, p.took)
		p.stop()
	}
	b.ReportMetric(float64(median(mine)), "ns/op")
	b.ReportMetric(float64(median(other)), "bare-ns")
	b.ReportMetric(float64(median(mine))/float64(median(other)), "ratio")
	b.ReportMetric(megabytesOf(b, ours), "MB-binary")
	b.ReportMetric(megabytesOf(b, bare), "MB-bare-binary")
}

// BenchmarkMemory is the resident memory of the process: idle, and after so many people with 60 roles and 25 groups have
// signed in. It is read when it doesn't change any more. Run it once (-benchtime 1x): a second turn measures the same.
// The state is on a file system in memory where there is one: forty thousand commits would wait for a disk, and what the
// process needs is the same.
func BenchmarkMemory(b *testing.B) {
	const people = 10_000
	w := newBenchWorld(b, "https", memoryDir(b), 60)
	program := buildStatic(b, ".")
	for b.Loop() {
		p := startProcess(b, program, w.url, "serve", "--config", w.config)
		idle := p.settled()
		began := time.Now()
		signInMany(b, w, people)
		rate := people / time.Since(began).Seconds()
		after := p.settled()
		peak := p.memory("VmHWM")
		p.stop()
		b.ReportMetric(idle, "MB-idle")
		b.ReportMetric(after-idle, "MB-more-after-10000")
		b.ReportMetric(peak, "MB-peak")
		b.ReportMetric(rate, "signins/s")
	}
}

func memoryDir(b *testing.B) string {
	dir, err := os.MkdirTemp("/dev/shm", "fedbridge-bench-")
	if err != nil {
		return b.TempDir()
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// signInMany signs people in through the process, each in a browser of their own.
func signInMany(b *testing.B, w *benchWorld, people int) {
	const workers = 4
	var wait sync.WaitGroup
	for range workers {
		client := &http.Client{
			Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		wait.Go(func() {
			defer client.CloseIdleConnections()
			for range people / workers {
				if err := signInOnce(w, client); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

func signInOnce(w *benchWorld, client *http.Client) error {
	begun, err := client.Get(w.url + "/login/corp")
	if err != nil {
		return err
	}
	io.Copy(io.Discard, begun.Body)
	begun.Body.Close()
	answer, err := w.saml.Answer(begun.Header.Get("Location"), nil, benchLarge)
	if err != nil {
		return err
	}
	r, err := http.NewRequest("POST", w.url+"/saml/corp/acs", strings.NewReader(answer.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range begun.Cookies() {
		r.AddCookie(c)
	}
	finished, err := client.Do(r)
	if err != nil {
		return err
	}
	page, _ := io.ReadAll(finished.Body)
	finished.Body.Close()
	if finished.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("acs: %s: %.300s", finished.Status, page)
	}
	return nil
}

// process is a running program.
type process struct {
	b    *testing.B
	cmd  *exec.Cmd
	took time.Duration // from exec to the first page
}

// startProcess starts a program and waits for its first page.
func startProcess(b *testing.B, program, base string, args ...string) *process {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, // a self-signed certificate of this test
	}, Timeout: 10 * time.Second}
	var said strings.Builder
	cmd := exec.Command(program, args...)
	cmd.Stderr = &said
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true")
	p := &process{b: b, cmd: cmd}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { cmd.Wait(); cancel() }()
	b.Cleanup(func() { cmd.Process.Kill(); <-ctx.Done() })
	target, _ := url.Parse(base + "/login")
	for {
		answer, err := client.Do(&http.Request{Method: "GET", URL: target})
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				p.took = time.Since(began)
				return p
			}
		}
		if ctx.Err() != nil {
			b.Fatalf("%s ended: %s", program, said.String())
		}
		time.Sleep(200 * time.Microsecond) // asking without a pause would take a processor from what is measured
	}
}

func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	for p.cmd.Process.Signal(syscall.Signal(0)) == nil { // until it was waited for
		time.Sleep(time.Millisecond)
	}
}

// memory is a line of /proc/PID/status, in megabytes.
func (p *process) memory(line string) float64 {
	p.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.b.Skip("resident memory is read from /proc, which this system hasn't") // require: Linux has it
	}
	_, rest, _ := strings.Cut(string(text), line+":")
	kilobytes, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kilobytes * 1024 / 1e6
}

// settled is the resident memory once it has been the same for two seconds.
func (p *process) settled() float64 {
	const still = 8
	last, same := 0.0, 0
	for range 240 {
		now := p.memory("VmRSS")
		if same++; now != last {
			last, same = now, 0
		}
		if same == still {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	return last
}

// buildStatic builds a program as the image does.
func buildStatic(b *testing.B, what string) string {
	b.Helper()
	out := filepath.Join(b.TempDir(), "program")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, what)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build %s: %v\n%s", what, err, said)
	}
	return out
}

func writeBare(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bare.go")
	if err := os.WriteFile(path, []byte(bareProgram), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func megabytesOf(b *testing.B, path string) float64 {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
