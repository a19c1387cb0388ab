#include "textflag.h"

// func fetch(places *uintptr, n int)
TEXT ·fetch(SB), NOSPLIT, $0-16
	MOVQ places+0(FP), SI
	MOVQ n+8(FP), CX

place:
	MOVQ (SI), AX
	MOVQ AX, BX
	ANDQ $63, BX // lines after the first

line:
	PREFETCHT0 (AX) // any address in the line will do
	ADDQ       $64, AX
	SUBQ       $1, BX
	JGE        line
	ADDQ       $8, SI
	DECQ       CX
	JNZ        place
	RET
