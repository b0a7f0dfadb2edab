// Products of matrices, two numbers in one instruction where the browser has WebAssembly's SIMD, and
// by plain loops elsewhere: the same bits, many times as fast. `matrixProduct` uses no name from
// outside, since its text goes to workers, and returns `product(A, strides, B, strides, n, m, k)`.
function matrixProduct() {
  "use strict";

  // Compiled from tools/product.c by `python tools/product.py`, which writes these lines.
  // sha256 of the source: 169bf2686467b52f8d21a2232145896e3a895a8728efccd093b8449f5c13391b
  const COMPILED =
    "AGFzbQEAAAABDwFgC39/f39/f39/f39/AAMCAQAEBQFwAQEBBQMBAAEGDQJ/AUGACAt/AEGACAsHIgMGbWVtb3J5AgAHcHJvZHVj" +
    "dAAAC19faGVhcF9iYXNlAwEKyAoBxQoED38BfAR/DnsCQCABQQFIDQAgBEEDdCELIARBBHQhDCAFQQN0IQUgBEEFdCENIARBGGwh" +
    "DiAIQQN0IQ8gCEEEdCEQIAdBA3QhESAIQQV0IRIgCEEYbCETIAFBA2whFCABQQF0IRUgASEWQQAhFwNAIAEgF2shGCAJIQggBiEE" +
    "IAIhBwJAIAJBAUgiGQ0AA0ACQAJAAkACQAJAAkAgGEEASg0AIAhCADcDAAwBCyAIIAQrAwA5AwAgGEEBSw0BCyAIQQhqQgA3AwAM" +
    "AQsgCEEIaiAEIA9qKwMAOQMAIBhBAksNAQsgCEEQakIANwMARAAAAAAAAAAAIRoMAQsgCEEQaiAEIBBqKwMAOQMARAAAAAAAAAAA" +
    "IRogGEEESQ0AIAQgE2orAwAhGgsgCEEYaiAaOQMAIAhBIGohCCAEIBFqIQQgB0F/aiIHDQALCyAKIBdBA3RqIRtBACEcAkAgAEEE" +
    "SA0AQQAhHEEEIQggAyEdA0AgHCEeIAghHAJAAkAgGUUNAP0MAAAAAAAAAAAAAAAAAAAAACIfISAgHyEhIB8hIiAfISMgHyEkIB8h" +
    "JSAfISYMAQsgCSEEIB0hCCACIQf9DAAAAAAAAAAAAAAAAAAAAAAiHyEgIB8hISAfISIgHyEjIB8hJCAfISUgHyEmA0AgHyAEQRBq" +
    "/QADACInIAggDmr9CgMAIij98gH98AEhHyAhICcgCCAMav0KAwAiKf3yAf3wASEhICMgJyAIIAtq/QoDACIq/fIB/fABISMgJiAE" +
    "/QADACIrIAj9CgMAIiz98gH98AEhJiAgICsgKP3yAf3wASEgICIgKyAp/fIB/fABISIgJCArICr98gH98AEhJCAlICcgLP3yAf3w" +
    "ASElIARBIGohBCAIIAVqIQggB0F/aiIHDQALCwJAIBhBAEwNACAbIB4gAWxBA3RqIgggJv0hADkDAAJAAkACQAJAIBZBAkgNACAI" +
    "QQhqICb9IQE5AwAgFkECRg0BIAhBEGogJf0hADkDACAWQQNGIgRFDQIMAwsgCCABQQN0aiAk/SEAOQMAIAggFUEDdGogIv0hADkD" +
    "ACAIIBRBA3RqICD9IQA5AwAMAwsgCCABQQN0aiAk/QsDACAIIBVBA3RqICL9CwMAIAggFEEDdGogIP0LAwAMAgsgCEEYaiAl/SEB" +
    "OQMACyAIIAFBA3RqIgcgJP0LAwAgB0EQaiAj/SEAOQMAAkAgBA0AIAdBGGogI/0hATkDAAsgCCAVQQN0aiIHICL9CwMAIAdBEGog" +
    "If0hADkDAAJAIAQNACAHQRhqICH9IQE5AwALIAggFEEDdGoiCCAg/QsDACAIQRBqIB/9IQA5AwAgBA0AIAhBGGogH/0hATkDAAsg" +
    "HSANaiEdIBxBBGoiCCAATA0ACwsCQCAcIABODQAgAyALIBxsaiEdA0ACQAJAIBlFDQD9DAAAAAAAAAAAAAAAAAAAAAAiKyEnDAEL" +
    "IAkhCCAdIQQgAiEH/QwAAAAAAAAAAAAAAAAAAAAAIishJwNAICcgCP0AAwAgBP0KAwAiH/3yAf3wASEnICsgCEEQav0AAwAgH/3y" +
    "Af3wASErIAhBIGohCCAEIAVqIQQgB0F/aiIHDQALCwJAIBhBAUgNACAbIBwgAWxBA3RqIgggJ/0hADkDACAWQQJIDQAgCEEIaiAn" +
    "/SEBOQMAIBZBAkYNACAIQRBqICv9IQA5AwAgFkEDRg0AIAhBGGogK/0hATkDAAsgHSALaiEdIBxBAWoiHCAARw0ACwsgBiASaiEG" +
    "IBZBfGohFiAXQQRqIhcgAUgNAAsLCw==";

  // C (n, m) = A (n, k) B (k, m). Number (i, l) of A stands at A[i * row + l * column], with its
  // strides [row, column]; B alike. So a transpose is the same numbers with the strides exchanged.
  function plain(A, [aRow, aColumn], B, [bRow, bColumn], n, m, k) {
    const C = new Float64Array(n * m);
    for (let i = 0; i < n; i++)
      for (let l = 0; l < k; l++) {
        const one = A[i * aRow + l * aColumn];
        for (let j = 0; j < m; j++) C[i * m + j] += one * B[l * bRow + j * bColumn];
      }
    return C;
  }

  function compiled() {
    const bytes = Uint8Array.from(atob(COMPILED), c => c.charCodeAt(0));
    const { memory, product, __heap_base: start } = new WebAssembly.Instance(
      new WebAssembly.Module(bytes),
    ).exports;
    const PAGE = 65536; // bytes by which its memory grows
    const first = start.value / 8;
    let numbers = new Float64Array(memory.buffer);

    return (A, aStrides, B, bStrides, n, m, k) => {
      const b = first + A.length;
      const strip = b + B.length;
      const c = strip + 4 * k;
      const missing = 8 * (c + n * m) - memory.buffer.byteLength;
      if (missing > 0) {
        memory.grow(Math.ceil(missing / PAGE));
        numbers = new Float64Array(memory.buffer);
      }
      numbers.set(A, first);
      numbers.set(B, b);
      product(n, m, k, 8 * first, ...aStrides, 8 * b, ...bStrides, 8 * strip, 8 * c);
      return numbers.slice(c, c + n * m);
    };
  }

  try {
    return compiled();
  } catch {
    return plain; // an old browser, or one that was told to compile nothing
  }
}

if (typeof live !== "undefined") live.take("product", matrixProduct);
else if (typeof module !== "undefined") module.exports = matrixProduct;
