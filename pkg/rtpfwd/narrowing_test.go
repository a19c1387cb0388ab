package rtpfwd

import (
	"bytes"
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// A subscriber of fewer layers is told which decode targets it gets, in the first
// sending and in every resend alike; one that gets all is sent what the publisher sent.
func TestDescriptorTellsWhatIsSent(t *testing.T) {
	for _, c := range []struct {
		target Layer
		want   [4]uint8
	}{
		{Layer{Spatial: 7, Temporal: 7}, [4]uint8{7, 7, 7}},
		{Layer{Spatial: 1, Temporal: 7}, [4]uint8{7, 7}},
		{Layer{Spatial: 1, Temporal: 1}, [4]uint8{3, 3}},
		{Layer{Spatial: 0, Temporal: 0}, [4]uint8{1}},
	} {
		for _, rtxSSRC := range []uint32{0, 6} {
			in, replica := newTestInbound(0, 90000), &Replica{Ring: NewRing(16), Rate: 90000}
			f := NewForwarder(ForwarderConfig{Codec: AV1, Replicas: []*Replica{replica}})
			f.SetTarget(0, c.target)
			o := NewOutbound(OutboundConfig{SSRC: 5, RTXSSRC: rtxSSRC, SeqStart: 500, Extensions: testIDs()})
			o.SetSource(0, OutboundSource{Codec: AV1, Rate: 90000, PayloadType: 120, RTXPayloadType: 121})
			p := mustReceive(t, in, 0, testPacket{
				pt: ptAV1, seq: 1, payload: []byte{0x10, 1}, extensions: map[uint8][]byte{10: unhex(av1Key)},
			}.raw(t))
			replica.Ring.Put(p)
			choices := f.Select(0, p, nil)
			buf := make([]byte, 1500)
			first := bytes.Clone(buf[:o.Rewrite(0, choices[0], buf)])
			var s codec.DependencyStructure
			var d codec.Descriptor
			ext := parsed(t, first).GetExtension(10)
			if err := codec.ParseDependencyDescriptor(ext, &s, &d); err != nil {
				t.Fatal(err)
			}
			if d.Active != c.want || d.FrameNumber != 1 || d.Present != p.Desc.Present || d.Width != p.Desc.Width && c.target.Spatial > 1 {
				t.Errorf("target %v: active %v, want %v; %+v", c.target, d.Active, c.want, d)
			}
			again := buf[:o.Resend(0, Resend{Seq: firstCycle + 500}, buf)]
			if rtxSSRC == 0 && !bytes.Equal(again, first) {
				t.Errorf("target %v: the resend differs", c.target)
			}
			if got := parsed(t, again).GetExtension(10); !bytes.Equal(got, ext) {
				t.Errorf("target %v: a resend with %x, want %x", c.target, got, ext)
			}
		}
	}
}
