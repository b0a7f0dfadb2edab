// The convolutional generator of 28×28 images (wganlib.models.ConvGenerator), run in the page.
// Batch norm is folded into the weights when they are stored: see book/_ext/measured/live_data.py.
const conv = (() => {
  const read = (kind, text) => new kind(live.bytes(text).buffer);

  // Half precision: a sign, five bits of the power of two, ten of the fraction.
  function half(bits) {
    const power = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    const size = power ? (1 + fraction) * 2 ** (power - 15) : fraction * 2 ** -14;
    return bits >> 15 ? -size : size;
  }

  // Weights in half precision, or as int8 with a scale for each channel that comes out.
  function weights({ weight, scale }, per) {
    if (!scale) return Float32Array.from(read(Uint16Array, weight), half);
    const s = read(Float32Array, scale);
    return Float32Array.from(read(Int8Array, weight), (v, i) => v * s[per(i)]);
  }

  // Returns the function from a latent to 784 pixels in [−1, 1], where 1 is ink. Images on the way
  // keep their channels together, [row, column, channel], so that the innermost loop runs on.
  function generator({ latent, channels, layers }) {
    const [a, b, c] = channels;
    const biases = layers.map(({ bias }) => read(Float32Array, bias));
    const first = weights(layers[0], i => Math.floor(i / (16 * latent)));
    const up = [
      // kernel, channels in and out, side in and out; stride 2, padding 1
      { k: 3, cin: a, cout: b, h: 4, out: 7 },
      { k: 4, cin: b, cout: c, h: 7, out: 14 },
      { k: 4, cin: c, cout: 1, h: 14, out: 28 },
    ].map((shape, n) => {
      const { k, cin, cout } = shape;
      const stored = weights(layers[n + 1], i => Math.floor(i / k ** 2) % cout);
      const w = new Float32Array(stored.length); // [in, out, row, column] -> [in, row, column, out]
      for (let i = 0; i < cin; i++)
        for (let o = 0; o < cout; o++)
          for (let r = 0; r < k * k; r++)
            w[(i * k * k + r) * cout + o] = stored[(i * cout + o) * k * k + r];
      return { ...shape, w, bias: biases[n + 1] };
    });

    return z => {
      let x = new Float32Array(16 * a);
      for (let o = 0; o < x.length; o++) {
        let sum = biases[0][o >> 4];
        for (let i = 0; i < latent; i++) sum += first[o * latent + i] * z[i];
        x[(o & 15) * a + (o >> 4)] = Math.max(sum, 0);
      }
      for (const layer of up) x = larger(x, layer, layer.cout > 1 ? 0 : -Infinity); // ReLU but at the end
      return x.map(Math.tanh);
    };
  }

  // A transposed convolution; what comes out is at least `least`. What a pixel gives to all its
  // neighbours is summed over the channels first, in one long loop, and then put in its places.
  function larger(x, { k, cin, cout, h, out, w, bias }, least) {
    const y = new Float32Array(out * out * cout);
    for (let p = 0; p < y.length; p += cout) y.set(bias, p);
    const size = k * k * cout;
    const given = new Float32Array(size); // [row, column, channel]
    for (let p = 0; p < h * h; p++) {
      given.fill(0);
      for (let i = 0; i < cin; i++) {
        const v = x[p * cin + i];
        if (v === 0) continue; // as ReLU leaves half of them
        const from = i * size;
        for (let j = 0; j < size; j++) given[j] += v * w[from + j];
      }
      const top = 2 * Math.floor(p / h) - 1;
      const left = 2 * (p % h) - 1;
      for (let r = Math.max(0, -top); r < k && top + r < out; r++)
        for (let s = Math.max(0, -left); s < k && left + s < out; s++) {
          const from = (r * k + s) * cout;
          const to = ((top + r) * out + left + s) * cout;
          for (let o = 0; o < cout; o++) y[to + o] += given[from + o];
        }
    }
    for (let p = 0; p < y.length; p++) if (y[p] < least) y[p] = least;
    return y;
  }

  // Paints pixels in the text's colour on the page's, into a canvas of images side by side.
  function paint(canvas, pixels, { page, text }, left = 0) {
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(28, 28);
    for (let i = 0; i < 784; i++) live.tint(image, i, [page, text], (pixels[i] + 1) / 2);
    pen.putImageData(image, left, 0);
  }

  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

  // Stored vectors of n numbers each, one after the other.
  function vectors(text, n) {
    const numbers = Array.from(read(Float32Array, text));
    return live.range(numbers.length / n).map(i => numbers.slice(i * n, (i + 1) * n));
  }

  return { generator, paint, vectors, normals: n => live.range(n).map(normal) };
})();
live.take("conv", conv);
