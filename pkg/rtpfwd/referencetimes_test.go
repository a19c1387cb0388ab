package rtpfwd

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestReferenceTimes(t *testing.T) {
	var r ReferenceTimes
	if got := r.Answer(0, nil); len(got) != 0 {
		t.Errorf("nothing was told: %v", got)
	}
	r.Received(time.Second, 7, 0x1111_2222_3333_4444)
	r.Received(2*time.Second, 8, 0xaaaa_bbbb_cccc_dddd)
	r.Received(2500*time.Millisecond, 7, 0x5555_6666_7777_8888)
	want := []rtcp.DLRRReport{{SSRC: 8, LastRR: 0xbbbb_cccc, DLRR: 1 << 16}, {SSRC: 7, LastRR: 0x6666_7777, DLRR: 1 << 15}}
	if got := r.Answer(3*time.Second, nil); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := r.Answer(3*time.Second, nil); len(got) != 0 {
		t.Errorf("answered twice: %v", got)
	}
}

// FuzzReferenceTimes holds them against a plain list.
func FuzzReferenceTimes(f *testing.F) {
	f.Add([]byte{1, 2, 1, 3, 255, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 5, 255, 255})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var r ReferenceTimes
		var model []rtcp.DLRRReport // DLRR: when it was told
		for i, step := range steps {
			now := time.Duration(i) * time.Second
			if step < 255 {
				r.Received(now, uint32(step), uint64(i)<<16)
				model = slices.DeleteFunc(model, func(d rtcp.DLRRReport) bool { return d.SSRC == uint32(step) })
				model = append(model, rtcp.DLRRReport{SSRC: uint32(step), LastRR: uint32(i), DLRR: uint32(i)})
				model = model[max(0, len(model)-maxReferenceTimes):]
				continue
			}
			for k := range model {
				model[k].DLRR = (uint32(i) - model[k].DLRR) << 16
			}
			if got := r.Answer(now, nil); !slices.Equal(got, model) {
				t.Fatalf("step %d: %v, want %v", i, got, model)
			}
			model = nil
		}
	})
}
