package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

// meters remembers whose session token of which role was nearly full, or had tags left out of it, the last time. A hint:
// in this process alone, and no more of it than maxMeters. The zero value is ready.
type meters struct {
	mu   sync.Mutex
	last map[meterKey]templates.Meter
}

type meterKey struct {
	person string // bridge.Identity.PersonKey
	role   bridge.RoleKey
}

const maxMeters = 4096

// note keeps what STS said of a session, or forgets what it said before.
func (m *meters) note(id bridge.Identity, creds bridge.Credentials) {
	key, meter := meterKey{id.PersonKey(), creds.Role.Key}, templates.MeterOf(creds)
	m.mu.Lock()
	defer m.mu.Unlock()
	if meter == nil {
		delete(m.last, key)
		return
	}
	if m.last == nil {
		m.last = map[meterKey]templates.Meter{}
	}
	if _, known := m.last[key]; !known && len(m.last) >= maxMeters {
		for other := range m.last { // any one
			delete(m.last, other)
			break
		}
	}
	meter.Before, meter.Dropped = true, slices.Clone(meter.Dropped)
	m.last[key] = *meter
}

// of gives what is remembered; nil for nothing.
func (m *meters) of(id bridge.Identity, role bridge.RoleKey) *templates.Meter {
	m.mu.Lock()
	defer m.mu.Unlock()
	if meter, ok := m.last[meterKey{id.PersonKey(), role}]; ok {
		return &meter
	}
	return nil
}

// Headers that say the same to those who take JSON or a file: AWS's tools read that themselves, so it must stay as it is.
const (
	headerTokenPercent = "Fedbridge-Session-Token-Percent"
	headerDroppedTags  = "Fedbridge-Dropped-Tags" // keys, percent-encoded, divided by commas
)

func sayMeter(h http.Header, creds bridge.Credentials) {
	if creds.Utilization > 0 {
		h.Set(headerTokenPercent, strconv.Itoa(creds.Utilization))
	}
	if len(creds.DroppedTags) > 0 {
		keys := make([]string, len(creds.DroppedTags))
		for i, key := range creds.DroppedTags {
			keys[i] = url.PathEscape(key)
		}
		h.Set(headerDroppedTags, strings.Join(keys, ","))
	}
}
