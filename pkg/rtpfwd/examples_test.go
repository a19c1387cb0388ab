package rtpfwd

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

var update = flag.Bool("update", false, "write the worked examples of docs/forwarding.md")

// examplesPath is the page that the examples are in, each between a line
// "<!-- example: NAME -->" and the next "<!-- end -->".
const examplesPath = "../../docs/forwarding.md"

// TestExamplesAreCurrent runs the worked examples of docs/forwarding.md through the
// core and compares what is written there. With -update it writes them.
func TestExamplesAreCurrent(t *testing.T) {
	page, err := os.ReadFile(examplesPath)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, e := range examples {
		begin := "<!-- example: " + e.name + " -->\n"
		at := strings.Index(text, begin)
		if at < 0 {
			t.Fatalf("%s has no example %q", examplesPath, e.name)
		}
		at += len(begin)
		end := strings.Index(text[at:], "<!-- end -->")
		if end < 0 {
			t.Fatalf("%s: the example %q has no end", examplesPath, e.name)
		}
		text = text[:at] + "```text\n" + e.run(t) + "```\n" + text[at+end:]
	}
	if text == string(page) {
		return
	}
	if !*update {
		t.Fatalf("%s is not current: run go test ./pkg/rtpfwd -run Examples -update", examplesPath)
	}
	if err := os.WriteFile(examplesPath, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReasonsAreDocumented: the label of every drop is explained.
func TestReasonsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(examplesPath)
	if err != nil {
		t.Fatal(err)
	}
	for r := None + 1; r < ReasonCount; r++ {
		if !strings.Contains(string(page), "`"+r.String()+"`") {
			t.Errorf("%s does not explain %v", examplesPath, r)
		}
	}
}

// example is a publication of one or more encodings that goes to one Slot.
type example struct {
	name      string
	codec     Codec
	encodings int
	target    Layer
	red       bool // the Slot gets RED
	packets   []examplePacket
}

// examplePacket is one packet that comes in, or a change of the target before it.
type examplePacket struct {
	note     string
	encoding uint8
	seq      uint16
	time     uint32
	marker   bool
	payload  []byte
	frame    []byte // dependency descriptor
	target   *Layer
	lost     bool // it comes after the next one
}

// exampleRun is a run of an example.
type exampleRun struct {
	example
	t        testing.TB
	now      time.Duration
	in       []*Inbound
	replicas []*Replica
	f        *Forwarder
	o        *Outbound
	rows     [][2]string // in and out; a note alone has no out
}

// run returns the table of the example.
func (e example) run(t testing.TB) string {
	r := &exampleRun{example: e, t: t}
	rate := uint32(90000)
	if !e.codec.Video() {
		rate = 48000
	}
	for i := range e.encodings {
		r.in = append(r.in, newTestInbound(uint8(i), rate))
		r.replicas = append(r.replicas, &Replica{Encoding: uint8(i), Ring: NewRing(64), Rate: rate})
	}
	r.f = NewForwarder(ForwarderConfig{Codec: e.codec, Replicas: r.replicas})
	r.f.SetTarget(0, e.target)
	r.o = NewOutbound(OutboundConfig{SSRC: 1, SeqStart: 500, TimeStart: 90000, PictureIDStart: 70, Extensions: testIDs()})
	source := OutboundSource{CSRC: 7, Codec: e.codec, Rate: rate, PayloadType: 120}
	if e.red {
		source.BlockPayloadType, source.Redundant = 121, 1
	}
	r.o.SetSource(0, source)
	r.rows = append(r.rows, [2]string{"in: seq, time, numbers of the payload", "out"})
	var late *examplePacket
	for i := range e.packets {
		p := &e.packets[i]
		if p.lost {
			late = p
			continue
		}
		r.give(p, rate)
		if late != nil {
			r.give(late, rate)
			late = nil
		}
	}
	return r.table()
}

// table lays the rows out.
func (r *exampleRun) table() string {
	width := 0
	for _, row := range r.rows {
		if row[1] != "" {
			width = max(width, len(row[0]))
		}
	}
	var out strings.Builder
	for _, row := range r.rows {
		fmt.Fprintln(&out, strings.TrimRight(fmt.Sprintf("%-*s  %s", width, row[0], row[1]), " "))
	}
	return out.String()
}

// clockDistance is how far the timestamps of one encoding are ahead of those of the
// one before it.
const clockDistance = 700000

// give takes one packet through the core and notes what comes out.
func (r *exampleRun) give(b *examplePacket, rate uint32) {
	if b.target != nil {
		r.f.SetTarget(r.now, *b.target)
		r.rows = append(r.rows, [2]string{"-- " + b.note})
		return
	}
	r.now = time.Duration(b.time-uint32(b.encoding)*clockDistance) * time.Second / time.Duration(rate)
	pt := map[Codec]uint8{VP8: ptVP8, VP9: ptVP9, H264: ptH264, H265: ptH265, AV1: ptAV1, Opus: ptOpus}[r.codec]
	out := testPacket{pt: pt, seq: b.seq, time: b.time, marker: b.marker, payload: b.payload}
	if b.frame != nil {
		out.extensions = map[uint8][]byte{10: b.frame}
	}
	if b.payload == nil {
		out.padding = 100
	}
	p := new(Packet)
	reason := r.in[b.encoding].Receive(r.now, out.raw(r.t), p)
	in := fmt.Sprintf("%d %6d%s  %s", b.seq, b.time, numbersOf(&p.Desc, p.Marker), b.note)
	if r.encodings > 1 {
		in = fmt.Sprintf("%c  %s", 'a'+b.encoding, in)
	}
	var choices []Choice
	switch reason {
	case None:
		r.replicas[b.encoding].Ring.Put(p)
		choices = r.f.Select(r.now, p, nil)
	case PaddingOnly:
	default:
		r.t.Fatalf("%s: %s: %v", r.name, b.note, reason)
	}
	if len(choices) == 0 {
		r.rows = append(r.rows, [2]string{in, "-"})
	}
	for _, c := range choices {
		buf := make([]byte, 1500)
		n := r.o.Rewrite(r.now, c, buf)
		r.rows = append(r.rows, [2]string{in, r.describe(buf[:n])})
	}
}

// describe reads what went out as a receiver does.
func (r *exampleRun) describe(raw []byte) string {
	p := parsed(r.t, raw)
	if len(p.Payload) == 0 {
		return fmt.Sprintf("%d %6d  empty", p.SequenceNumber, p.Timestamp)
	}
	var d codec.Descriptor
	switch r.codec {
	case VP8:
		_ = codec.ParseVP8(p.Payload, &d)
	case VP9:
		_ = codec.ParseVP9(p.Payload, &d)
	default:
		d = noDescriptor()
	}
	if x := p.GetExtension(10); len(x) >= 3 {
		d.PictureID = int32(binary.BigEndian.Uint16(x[1:]))
	}
	out := fmt.Sprintf("%d %6d%s", p.SequenceNumber, p.Timestamp, numbersOf(&d, p.Marker))
	if !r.red {
		return out
	}
	var red codec.RED
	if err := codec.ParseRED(p.Payload, &red); err != nil {
		r.t.Fatal(err)
	}
	for _, b := range red.Blocks() {
		out += fmt.Sprintf("  %d: %d bytes", p.Timestamp-uint32(b.Offset), b.End-b.Start)
	}
	return out
}

// numbersOf writes the numbers that a payload counts frames with.
func numbersOf(d *codec.Descriptor, marker bool) string {
	out := ""
	if d.PictureID >= 0 {
		out += fmt.Sprintf("  picture %d", d.PictureID)
	}
	if d.TL0 >= 0 {
		out += fmt.Sprintf(" tl0 %d", d.TL0)
	}
	if marker {
		out += " M"
	}
	return out
}
