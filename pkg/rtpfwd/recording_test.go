package rtpfwd

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// recordings is the folder of what browsers sent; scripts/rtprecorder says how the files are written.
const recordings = "../../testdata/rtp"

// recording is one file: a publication as a browser sent it.
type recording struct {
	name       string
	codec      Codec
	mode       string
	rate       uint32
	payloads   PayloadTable
	extensions ExtensionIDs
	encodings  []*recordedEncoding // in the order of their rids, smallest first
	packets    []recordedPacket
}

// recordedEncoding is one Encoding: the SSRC of its media and that of its repairs.
type recordedEncoding struct {
	rid       string
	ssrc, rtx uint32
}

type recordedPacket struct {
	at  time.Duration
	raw []byte
}

// readRecordings reads all files.
func readRecordings(t testing.TB) []*recording {
	t.Helper()
	names, err := filepath.Glob(recordings + "/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	var out []*recording
	for _, name := range names {
		out = append(out, readRecording(t, name))
	}
	return out
}

func readRecording(t testing.TB, name string) *recording {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := &recording{name: strings.TrimSuffix(filepath.Base(name), ".txt")}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if err := r.line(strings.Fields(lines.Text())); err != nil {
			t.Fatalf("%s: %q: %v", name, lines.Text(), err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	r.findEncodings()
	return r
}

func (r *recording) line(fields []string) error {
	switch fields[0] {
	case "mode":
		r.mode = fields[1]
	case "payload":
		return r.payload(fields[1], fields[2])
	case "rtx":
		n, err := strconv.ParseUint(fields[1], 10, 7)
		of, err2 := strconv.ParseUint(fields[2], 10, 7)
		if err != nil || err2 != nil {
			return fmt.Errorf("payload types: %v, %v", err, err2)
		}
		r.payloads.APT[n] = uint8(of)
	case "extension":
		id, err := strconv.ParseUint(fields[1], 10, 8)
		if field := r.extension(fields[2]); err == nil && field != nil {
			*field = uint8(id)
		}
		return err
	case "packet":
		us, err := strconv.Atoi(fields[1])
		if err != nil {
			return err
		}
		raw, err := hex.DecodeString(fields[2])
		r.packets = append(r.packets, recordedPacket{time.Duration(us) * time.Microsecond, raw})
		return err
	}
	return nil
}

// payload reads a payload type and what it stands for: "vp8/90000".
func (r *recording) payload(pt, format string) error {
	n, err := strconv.ParseUint(pt, 10, 7)
	if err != nil {
		return err
	}
	name, rate, _ := strings.Cut(format, "/")
	rate, _, _ = strings.Cut(rate, "/")
	hz, err := strconv.ParseUint(rate, 10, 32)
	kind := "video/"
	if hz == 48000 {
		kind = "audio/"
	}
	r.rate = uint32(hz)
	r.payloads.Codec[n] = ParseCodec(kind + name)
	if r.codec == CodecNone {
		r.codec = r.payloads.Codec[n]
	}
	return err
}

// extension is the place of the id of an extension, found by the end of its URI; nil if the server does not know it.
func (r *recording) extension(uri string) *uint8 {
	for end, field := range map[string]*uint8{
		"sdes:mid": &r.extensions.MID, "sdes:rtp-stream-id": &r.extensions.RID,
		"sdes:repaired-rtp-stream-id": &r.extensions.RepairedRID, "ssrc-audio-level": &r.extensions.AudioLevel,
		"abs-send-time": &r.extensions.AbsSendTime, "extensions-01": &r.extensions.TransportCC,
		"video-orientation": &r.extensions.VideoOrientation, "playout-delay": &r.extensions.PlayoutDelay,
		"abs-capture-time": &r.extensions.AbsCaptureTime, "video-layers-allocation00": &r.extensions.VideoLayersAllocation,
		"#dependency-descriptor-rtp-header-extension": &r.extensions.DependencyDescriptor,
	} {
		if strings.HasSuffix(uri, end) {
			return field
		}
	}
	return nil
}

// findEncodings finds the SSRCs of each rid in the packets themselves, as a server does; without rids there is one Encoding.
func (r *recording) findEncodings() {
	byRID := map[string]*recordedEncoding{}
	for _, p := range r.packets {
		h, ok := parseHeader(p.raw)
		if !ok {
			continue
		}
		id, repair := r.extensions.RID, r.payloads.APT[h.payloadType] != 0
		if repair {
			id = r.extensions.RepairedRID
		}
		rid, named := ExtensionOf(p.raw, id)
		if r.mode == "simulcast" && !named {
			continue // further packets leave the rid out
		}
		e := byRID[string(rid)]
		if e == nil {
			e = &recordedEncoding{rid: string(rid)}
			byRID[e.rid] = e
			r.encodings = append(r.encodings, e)
		}
		if repair {
			e.rtx = h.ssrc
		} else {
			e.ssrc = h.ssrc
		}
	}
	slices.SortFunc(r.encodings, func(a, b *recordedEncoding) int {
		return strings.Index("qhf", a.rid) - strings.Index("qhf", b.rid)
	})
}

// TestRecordingsAreWhole: the files have what the other tests take for granted.
func TestRecordingsAreWhole(t *testing.T) {
	for _, r := range readRecordings(t) {
		want := 1
		if r.mode == "simulcast" {
			want = 3
			if strings.HasPrefix(r.name, "firefox") {
				want = 2
			}
		}
		if len(r.encodings) != want || len(r.packets) < 30 || r.rate == 0 {
			t.Errorf("%s: %d encodings, %d packets, %d Hz; want %d encodings", r.name, len(r.encodings), len(r.packets), r.rate, want)
		}
		for _, e := range r.encodings {
			if e.ssrc == 0 {
				t.Errorf("%s: no media of %q", r.name, e.rid)
			}
		}
	}
}
