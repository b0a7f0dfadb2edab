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

  // Returns the function from a latent to 784 pixels in [−1, 1], where 1 is ink. `product` is that of
  // product.js; images on the way are (pixels, channels), row by row.
  function generator({ latent, channels, layers }, product) {
    const [a, b, c] = channels;
    const biases = layers.map(({ bias }) => read(Float32Array, bias));
    const first = Float64Array.from(weights(layers[0], i => Math.floor(i / (16 * latent))));
    const up = [
      // kernel, channels in and out, side in and out; stride 2, padding 1
      { k: 3, cin: a, cout: b, h: 4, out: 7 },
      { k: 4, cin: b, cout: c, h: 7, out: 14 },
      { k: 4, cin: c, cout: 1, h: 14, out: 28 },
    ].map((shape, n) => {
      const { k, cin, cout } = shape;
      const stored = weights(layers[n + 1], i => Math.floor(i / k ** 2) % cout);
      const w = new Float64Array(stored.length); // [in, out, row, column] -> [in, row, column, out]
      for (let i = 0; i < cin; i++)
        for (let o = 0; o < cout; o++)
          for (let r = 0; r < k * k; r++)
            w[(i * k * k + r) * cout + o] = stored[(i * cout + o) * k * k + r];
      return { ...shape, w, bias: biases[n + 1] };
    });

    return z => {
      const sums = product(z, [latent, 1], first, [1, latent], 1, 16 * a, latent); // [channel, pixel]
      let x = new Float64Array(16 * a);
      for (let o = 0; o < x.length; o++)
        x[(o & 15) * a + (o >> 4)] = Math.max(sums[o] + biases[0][o >> 4], 0);
      for (const layer of up) x = larger(x, layer, product, layer.cout > 1 ? 0 : -Infinity); // ReLU but at the end
      return x.map(Math.tanh);
    };
  }

  // A transposed convolution; what comes out is at least `least`. One product gives what each pixel
  // has for all its neighbours, (pixels, k k channels), which is then added up in its places.
  function larger(x, { k, cin, cout, h, out, w, bias }, product, least) {
    const y = new Float64Array(out * out * cout);
    for (let p = 0; p < y.length; p += cout) y.set(bias, p);
    const size = k * k * cout;
    const given = product(x, [cin, 1], w, [size, 1], h * h, size, cin);
    for (let p = 0; p < h * h; p++) {
      const top = 2 * Math.floor(p / h) - 1;
      const left = 2 * (p % h) - 1;
      for (let r = Math.max(0, -top); r < k && top + r < out; r++)
        for (let s = Math.max(0, -left); s < k && left + s < out; s++) {
          const from = p * size + (r * k + s) * cout;
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
