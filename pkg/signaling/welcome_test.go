package signaling

import (
	"errors"
	"testing"
)

// Participants that were encoded before give the same bytes as those that are encoded with the welcome.
func TestEncodeWelcome(t *testing.T) {
	all := []Participant{
		{ID: "p_1", Identity: `"participants":[]`, Attributes: map[string]string{"participants": "[]", "<": "&"}},
		{ID: "p_2", Identity: "b", Publications: []Publication{{ID: "pub", Source: SourceCamera, Encodings: []EncodingOffer{{RID: "f"}}}}},
	}
	for n := range len(all) + 1 {
		w := Welcome{Room: `"participants":[]`, Participant: "p_1", Answer: &Answer{1, `v=0 "participants":[]`}, Participants: all[:n]}
		want, err := encodeWelcome(7, &w)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := encodeJSON(Response{Type: TypeWelcome, Re: 7, Data: &w}); err != nil || string(want) != string(r) {
			t.Errorf("%d participants: %v\n%s, want\n%s", n, err, want, r)
		}
		w.Participants = nil
		for i := range n {
			p, err := EncodeParticipant(&all[i])
			if err != nil {
				t.Fatal(err)
			}
			w.Roster = append(w.Roster, p)
		}
		if got, err := encodeWelcome(7, &w); err != nil || string(got) != string(want) {
			t.Errorf("%d participants: %v\n%s, want\n%s", n, err, got, want)
		}
	}
	both := Welcome{Participants: all, Roster: []EncodedParticipant{{}}}
	if _, err := encodeWelcome(7, &both); !errors.Is(err, errNoRoom) {
		t.Errorf("a welcome with both is encoded: %v", err)
	}
}
