package signaling

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// runReplies adds responses, two bytes each (step of the id and length), and compares with a map that keeps all.
func runReplies(t *testing.T, ops []byte) {
	var r replies
	all := map[uint64][]byte{}
	var ids []uint64
	id := uint64(0)
	for n := 0; n+1 < len(ops); n += 2 {
		id += uint64(ops[n] % 4)
		text := bytes.Repeat([]byte{ops[n]}, int(ops[n+1])*256+1)
		r.add(id, text)
		if _, known := all[id]; !known && id != 0 {
			all[id] = text
			ids = append(ids, id)
		}
		kept := 0
		for i, bytes := len(ids)-1, 0; i >= 0 && kept < maxReplies; i-- {
			if bytes += len(all[ids[i]]); bytes > maxReplyBytes && kept > 0 {
				break
			}
			kept++
		}
		for _, probe := range []int{0, len(ids) - kept - 1, len(ids) - kept, len(ids) - 1} {
			if probe < 0 || probe >= len(ids) {
				continue
			}
			var want []byte
			if probe >= len(ids)-kept {
				want = all[ids[probe]]
			}
			if got := r.find(ids[probe]); !bytes.Equal(got, want) {
				t.Fatalf("after %d responses: id %d has %d bytes, want %d", len(ids), ids[probe], len(got), len(want))
			}
		}
	}
}

func TestRepliesModel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, most := range []uint32{2, 100, 256} { // lengths for which the number or the bytes decide
		ops := make([]byte, 4000)
		for i := range ops {
			ops[i] = byte(r.Uint32N(most))
		}
		runReplies(t, ops)
	}
}

// A long welcome is there for who did not get it, until the next request shows that it has come.
func TestLongWelcomeIsNotKept(t *testing.T) {
	for length, kept := range map[int]bool{maxWelcome: true, maxWelcome + 1: false} {
		var r replies
		welcome := bytes.Repeat([]byte("w"), length)
		r.addWelcome(1, welcome)
		if !bytes.Equal(r.find(1), welcome) {
			t.Errorf("a welcome of %d bytes is not found", length)
		}
		r.add(2, []byte("second"))
		r.add(3, []byte("third"))
		want := len("second") + len("third")
		if kept {
			want += length
		}
		if (r.find(1) != nil) != kept || string(r.find(2)) != "second" || string(r.find(3)) != "third" || r.bytes != want {
			t.Errorf("of a welcome of %d bytes %d are left, of all %d, want %d", length, len(r.find(1)), r.bytes, want)
		}
	}
}

func FuzzReplies(f *testing.F) {
	f.Add([]byte{1, 1, 0, 2, 3, 255})
	f.Fuzz(func(t *testing.T, ops []byte) { runReplies(t, ops) })
}
