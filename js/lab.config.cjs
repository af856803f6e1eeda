// What the builder of JupyterLab's extensions is told beside package.json.
const { rspack } = require("@rspack/core");

// Browsers that run JupyterLab know all of this. No function of ours or of the builder's loader is
// called with `new`, which is what makes arrows and methods of them safe.
const compress = { ecma: 2022, passes: 3, unsafe_arrows: true, unsafe_methods: true };

module.exports = {
  target: ["web", "es2022"],
  output: {
    chunkLoadingGlobal: "lmsJupyter",
    // The hash is in the name already; with a `v` the Jupyter Server lets browsers keep a file.
    chunkFilename: "[contenthash].js?v=1",
    hashDigestLength: 8,
  },
  optimization: {
    chunkIds: "natural",
    moduleIds: "natural",
    minimizer: [
      new rspack.SwcJsMinimizerRspackPlugin({
        minimizerOptions: { ecma: 2022, compress, mangle: true },
      }),
    ],
  },
};
