package idptest

import (
	"io"
	"net/http"
	"time"
)

// Fault is an outage of one path.
type Fault string

// The faults. FaultNone ends one.
const (
	FaultNone     Fault = ""
	FaultHang     Fault = "hang"     // takes the request and never answers
	FaultSlow     Fault = "slow"     // answers at once, then drips a blank at a time, for ever
	FaultError    Fault = "500"      // 500, with CANARY in the body
	FaultRedirect Fault = "redirect" // 302 to /elsewhere/PATH, which would give the right answer
	FaultHuge     Fault = "huge"     // 64 MB
	FaultEmpty    Fault = "empty"    // 200 without a body
	FaultGarbage  Fault = "garbage"  // 200 with something else
	FaultCut      Fault = "cut"      // the connection ends in mid-body
)

// elsewhere is where FaultRedirect points; the path it stood for follows. Fetches tells whether anybody went there.
const elsewhere = "/elsewhere"

// hugeSize is how much FaultHuge sends to whoever goes on reading.
const hugeSize = 64 << 20

// serveFault misbehaves. It returns when the client leaves or the server is closed.
func (f Fault) serve(w http.ResponseWriter, r *http.Request, here string) {
	// The server notices that a client has left only once the body was read.
	io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	switch f {
	case FaultHang:
		<-r.Context().Done()
	case FaultSlow:
		drip(w, r)
	case FaultError:
		http.Error(w, "stack trace with a "+Canary, http.StatusInternalServerError)
	case FaultRedirect:
		http.Redirect(w, r, here, http.StatusFound)
	case FaultHuge:
		flood(w, r)
	case FaultEmpty:
		w.WriteHeader(http.StatusOK)
	case FaultGarbage:
		io.WriteString(w, "<html>Welcome to the captive portal, "+Canary)
	case FaultCut:
		w.Header().Set("Content-Length", "4096")
		io.WriteString(w, `{"keys":[`)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		http.Error(w, "idptest: no such fault: "+string(f), http.StatusInternalServerError)
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	flush := http.NewResponseController(w)
	for {
		if _, err := io.WriteString(w, " "); err != nil || flush.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func flood(w http.ResponseWriter, r *http.Request) {
	blanks := make([]byte, 64<<10)
	for i := range blanks {
		blanks[i] = ' '
	}
	for sent := 0; sent < hugeSize && r.Context().Err() == nil; sent += len(blanks) {
		if _, err := w.Write(blanks); err != nil {
			return
		}
	}
}
