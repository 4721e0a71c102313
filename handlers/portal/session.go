package portal

import (
	"net/http"
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

// session shows what would go into the person's session of a role: it is made of their claims, and goes to AWS and its
// logs. A claim that doesn't fit shows here, and not only when the role is asked for.
func (s *Server) session(r *http.Request, v *visitor, offer bridge.Offer) *templates.Session {
	shown := &templates.Session{Longest: offer.Longest}
	preview, err := s.bridge.Preview(r.Context(), v.identity, v.proof, offer.Role.Key)
	if err != nil {
		offer.Obstacle = err
		shown.Problem = s.obstacle(offer, v)
		return shown
	}
	shown.Name, shown.SourceIdentity = preview.Name, preview.SourceIdentity
	for _, t := range preview.Tags {
		shown.Tags = append(shown.Tags, templates.SessionTag{
			Key: t.Key, Value: t.Value,
			Transitive: slices.Contains(offer.Role.TransitiveTags, t.Key), Optional: slices.Contains(offer.Role.OptionalTags, t.Key),
		})
	}
	return shown
}

// sessionJSON is a templates.Session for machines.
type sessionJSON struct {
	LongestSeconds int        `json:"longest_seconds,omitempty"`
	Name           string     `json:"session_name,omitempty"`
	SourceIdentity string     `json:"source_identity,omitempty"`
	Tags           []tagJSON  `json:"tags,omitempty"`
	Problem        string     `json:"problem,omitempty"`
	Last           *meterJSON `json:"last,omitempty"`
}

type tagJSON struct {
	bridge.Tag
	Transitive bool `json:"transitive,omitempty"`
	Optional   bool `json:"optional,omitempty"`
}

// meterJSON is how full the last session token was.
type meterJSON struct {
	Percent int      `json:"session_token_percent,omitempty"`
	Dropped []string `json:"dropped_tags,omitempty"`
}

func asJSON(s *templates.Session, last *templates.Meter) *sessionJSON {
	out := &sessionJSON{LongestSeconds: int(s.Longest.Seconds()), Name: s.Name, SourceIdentity: s.SourceIdentity}
	for _, t := range s.Tags {
		out.Tags = append(out.Tags, tagJSON{bridge.Tag{Key: t.Key, Value: t.Value}, t.Transitive, t.Optional})
	}
	if p := s.Problem; p != nil {
		out.Problem = p.Message
		if p.Detail != "" {
			out.Problem += " (" + p.Detail + ")"
		}
	}
	if last != nil {
		out.Last = &meterJSON{last.Percent, last.Dropped}
	}
	return out
}
