// Every kernel family as one translation unit: what the module for a card is made of.
#include "decide.cu"
#include "extremes_mma.cu"
#include "extremes_simt.cu"
#include "key_rows_simt.cu"
#include "prepare.cu"
#include "prepare_halves.cu"
