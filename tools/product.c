// C (n, m) = A (n, k) B (k, m) in double precision, as WebAssembly, for the figures that compute in
// the page. `python tools/product.py` compiles it into book/_static/live/product.js, which calls it.
//
// Number (i, l) of A stands at a[i * aRow + l * aColumn], so that a transpose costs nothing; B alike.
// Four columns of B at a time are copied side by side into `strip` (k, 4), with zeros where B has no
// more. Four rows of A meet them, two columns in one instruction: sixteen sums that stay in registers.
// Each number of C is summed in the order of l, as plain loops sum it, so that the bits are theirs.

typedef double pair __attribute__((vector_size(16), aligned(8)));
enum { TALL = 4, WIDE = 4 };

static inline __attribute__((always_inline)) void block(int tall, int wide, int m, int k,
                                                        const double *a, int aRow, int aColumn,
                                                        const double *strip, double *c) {
  pair sum[TALL][2] = {0};
  for (int l = 0; l < k; l++) {
    const pair left = *(const pair *)(strip + WIDE * l);
    const pair right = *(const pair *)(strip + WIDE * l + 2);
#pragma clang loop unroll(full)
    for (int i = 0; i < tall; i++) {
      const double one = a[i * aRow + l * aColumn];
      const pair both = {one, one};
      sum[i][0] += both * left;
      sum[i][1] += both * right;
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < tall; i++)
    for (int j = 0; j < wide; j++) c[i * m + j] = sum[i][j / 2][j % 2];
}

__attribute__((export_name("product"))) void product(int n, int m, int k,
                                                     const double *a, int aRow, int aColumn,
                                                     const double *b, int bRow, int bColumn,
                                                     double *strip, double *c) {
  for (int j = 0; j < m; j += WIDE) {
    const int wide = m - j < WIDE ? m - j : WIDE;
    for (int l = 0; l < k; l++)
      for (int w = 0; w < WIDE; w++)
        strip[WIDE * l + w] = w < wide ? b[l * bRow + (j + w) * bColumn] : 0;
    int i = 0;
    for (; i + TALL <= n; i += TALL)
      block(TALL, wide, m, k, a + i * aRow, aRow, aColumn, strip, c + i * m + j);
    for (; i < n; i++) block(1, wide, m, k, a + i * aRow, aRow, aColumn, strip, c + i * m + j);
  }
}
