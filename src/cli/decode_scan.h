// `el2sim decode --scan`.
#pragma once

#include "base/base.h"

// Asks the rows about all 2^32 words and prints how many are claimed, per class of encodings. every_word:
// also runs the decoder on each of them, else on a sample. Returns the exit status: EXIT_HOST_ERROR if a word
// has two rows neither of which is the more special, a row has no word, the decoder takes another row than
// the first that claims the word, or the scan was interrupted.
int decode_scan(const u64 *features, const char *cpu, bool every_word, bool json);
