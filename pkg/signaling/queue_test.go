package signaling

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// queueModel is a queue as a plain list.
type queueModel struct {
	limit int
	items []item
	s     uint64
}

func (m *queueModel) bytes() (n int) {
	for _, i := range m.items {
		n += i.size()
	}
	return n
}

func (m *queueModel) find(i item) int {
	return slices.IndexFunc(m.items, func(o item) bool { return i.class != classMust && o.class == i.class && o.key == i.key })
}

func (m *queueModel) push(i item) (dropped int, ok bool) {
	n := len(m.items)
	at := m.find(i)
	switch {
	case at >= 0 && i.class == classEphemeral:
		m.items[at] = i
		if m.bytes() > m.limit {
			m.items = slices.Delete(m.items, at, at+1)
			return 2, true
		}
		return 1, true
	case at >= 0:
		m.items = slices.Delete(m.items, at, at+1)
	}
	if m.bytes()+i.size() > m.limit && i.class == classEphemeral {
		return 1, true
	}
	if m.bytes()+i.size() > m.limit {
		m.items = slices.DeleteFunc(m.items, func(o item) bool { return o.class == classEphemeral })
	}
	dropped = n - len(m.items)
	if m.bytes()+i.size() > m.limit {
		return dropped, false
	}
	m.items = append(m.items, i)
	return dropped, true
}

func (m *queueModel) take() string {
	if len(m.items) == 0 {
		return ""
	}
	i := m.items[0]
	m.items = m.items[1:]
	switch {
	case !i.own:
		return string(i.text)
	case i.class == classEphemeral:
		return fmt.Sprintf(`{"t":"%s","d":%s}`, i.typ, i.text)
	}
	m.s++
	return fmt.Sprintf(`{"t":"%s","s":%d,"d":%s}`, i.typ, m.s, i.text)
}

// runQueue applies operations, two bytes each, to a queue and to its model and compares them.
func runQueue(t *testing.T, ops []byte) {
	const limit = 2000
	q, m := newQueue(limit), &queueModel{limit: limit}
	var buf []byte
	for n := 0; n+1 < len(ops); n += 2 {
		op, arg := ops[n], ops[n+1]
		if op%4 == 3 {
			for range arg % 8 {
				_, got := q.take(&buf)
				if want := m.take(); string(got) != want {
					t.Fatalf("step %d: took %q, want %q", n/2, got, want)
				}
			}
			continue
		}
		i := item{
			class: class(op % 4), own: op&4 != 0 || op%4 != 0, typ: "x",
			text: fmt.Appendf(nil, `"%d%s"`, n, strings.Repeat("-", int(arg)*2)),
		}
		if i.class != classMust {
			i.key = string('a' + rune(op>>4))
		}
		d1, ok1 := q.push(i)
		d2, ok2 := m.push(i)
		if d1 != d2 || ok1 != ok2 {
			t.Fatalf("step %d: push of class %d returned %d %v, want %d %v", n/2, i.class, d1, ok1, d2, ok2)
		}
		if q.bytes != m.bytes() || q.live != len(m.items) || q.bytes > limit {
			t.Fatalf("step %d: %d items of %d bytes, want %d of %d", n/2, q.live, q.bytes, len(m.items), m.bytes())
		}
		if len(q.ring) > 4*limit/itemOverhead {
			t.Fatalf("step %d: the ring has %d places for %d items", n/2, len(q.ring), q.live)
		}
	}
	for {
		_, got := q.take(&buf)
		if want := m.take(); string(got) != want {
			t.Fatalf("at the end: took %q, want %q", got, want)
		}
		if got == nil {
			return
		}
	}
}

func TestQueueModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		ops := make([]byte, 2000)
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		runQueue(t, ops)
	}
}

func FuzzQueue(f *testing.F) {
	f.Add([]byte("\x00\x10\x01\x10\x02\x10\x03\x01"))
	f.Add([]byte(strings.Repeat("\x01\xff\x02\xff\x00\x80", 30)))
	f.Fuzz(func(t *testing.T, ops []byte) { runQueue(t, ops) })
}

// A state that is replaced for ever while nobody takes anything keeps its memory.
func TestQueueStaysSmall(t *testing.T) {
	q := newQueue(maxQueueBytes)
	for range 100_000 {
		if _, ok := q.push(item{class: classState, key: "k", own: true, text: []byte("{}")}); !ok {
			t.Fatal("no room")
		}
	}
	if len(q.ring) != minRing {
		t.Errorf("the ring has %d places for one item", len(q.ring))
	}
	for range 10_000 {
		q.push(item{class: classMust, text: []byte("{}")})
	}
	var buf []byte
	for text := []byte{}; text != nil; _, text = q.take(&buf) {
	}
	if len(q.ring) != minRing {
		t.Errorf("the empty ring has %d places", len(q.ring))
	}
}

func TestPushFirst(t *testing.T) {
	q := newQueue(1000)
	for n := range 20 { // past the ring's first length, at every position
		q.push(item{class: classState, key: fmt.Sprint(n % 3), text: fmt.Appendf(nil, "%d", n)})
	}
	q.pushFirst(item{class: classMust, free: true, text: make([]byte, 5000)})
	q.push(item{class: classMust, text: []byte("last")})
	var got []string
	var buf []byte
	for {
		_, text := q.take(&buf)
		if text == nil {
			break
		}
		got = append(got, string(text[:min(len(text), 4)]))
	}
	if want := []string{"\x00\x00\x00\x00", "17", "18", "19", "last"}; !slices.Equal(got, want) {
		t.Errorf("took %q", got)
	}
	if q.bytes != 0 {
		t.Errorf("%d bytes are left", q.bytes)
	}
}

// An event made by appendEvent is what encoding/json makes of the same Event.
func TestAppendEvent(t *testing.T) {
	for _, s := range []uint64{0, 1, 1 << 53} {
		for _, d := range []any{nil, Ping{7}} {
			want, err := encodeJSON(Event{Type: TypeSlots, S: s, Data: d})
			if err != nil {
				t.Fatal(err)
			}
			var data []byte
			if d != nil {
				data = []byte(`{"n":7}`)
			}
			if got := appendEvent(nil, TypeSlots, s, data); string(got) != string(want) {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}

// Fan-out: an event that goes to everybody costs no allocation per session.
func TestRoomEventAllocations(t *testing.T) {
	s := NewSession()
	text, err := EncodeRoomEvent(TypePublicationRemoved, 7, PublicationRemoved{"pub_1", "p_1"})
	if err != nil {
		t.Fatal(err)
	}
	var buf []byte
	if n := testing.AllocsPerRun(1000, func() {
		s.RoomEvents(text)
		if got, _, _ := s.next(&buf); len(got) != len(text) {
			t.Fatal("the event is lost")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRoomEvent(b *testing.B) {
	s := NewSession()
	text, err := EncodeRoomEvent(TypePublicationRemoved, 7, PublicationRemoved{"pub_1", "p_1"})
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		s.RoomEvents(text)
		s.next(&buf)
	}
}

func BenchmarkDecodeView(b *testing.B) {
	d := newDecoder()
	items := strings.Repeat(`{"participant":"p_2","width":640,"height":360,"priority":1},`, 24)
	frame := []byte(`{"t":"view","id":2,"d":{"rev":1,"items":[` + items + `{"participant":"p_1"}]}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, _, err := decodeAll(d, frame); err != nil {
			b.Fatal(err)
		}
	}
}
