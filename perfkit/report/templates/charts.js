// Charts are drawn when they come into view; plotly.js is inflated when the first one does.
(() => {
  "use strict";
  const plots = [...document.querySelectorAll(".chart .plot")];
  if (!plots.length) return;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const bytesOf = (text) => {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
    return bytes;
  };

  let loading = null;
  const load = () => {
    loading ??= (async () => {
      const packed = document.getElementById("plotly");
      const stream = new Blob([bytesOf(packed.textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
      const script = document.createElement("script");
      script.textContent = await new Response(stream).text();
      packed.remove();
      document.head.append(script);
      script.textContent = "";
      if (!window.Plotly) throw new Error("the library did not start");
    })();
    return loading;
  };

  const axis = (given, looks) => ({
    gridcolor: looks.line, zerolinecolor: looks.line, linecolor: looks.line, tickcolor: looks.line,
    automargin: true, showspikes: false, ...given,
    title: { ...given.title, standoff: 8, font: { size: 12, color: looks.soft } },
  });

  const dress = (figure) => {
    const looks = { ink: css("--ink"), soft: css("--soft"), line: css("--line"), card: css("--card"), band: css("--band"), sans: css("--sans") };
    const colours = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => css(`--series-${number}`));
    const data = figure.data.map((trace, index) => {
      const color = colours[index % colours.length];
      if (trace.type === "bar") return { ...trace, marker: { color } };
      const dash = ["solid", "dash", "dot"][Math.floor(index / colours.length) % 3];
      return { ...trace, line: { ...trace.line, color, width: 1.8, dash }, marker: { color, size: 8 } };
    });
    const bands = (figure.layout.annotations || []).length > 0;
    const spike = { showspikes: true, spikemode: "across", spikedash: "solid", spikethickness: 1, spikecolor: looks.soft };
    const layout = {
      ...figure.layout,
      height: figure.height,
      margin: { l: 8, r: 12, t: (figure.data.length > 1 ? 34 : 12) + (bands ? 14 : 0), b: 8, autoexpand: true },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: looks.sans, size: 12, color: looks.soft },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: looks.soft, activecolor: looks.ink },
      showlegend: figure.data.length > 1,
      legend: { orientation: "h", x: 0, xanchor: "left", y: bands ? 1.08 : 1.01, yanchor: "bottom", yref: "paper", traceorder: "normal", font: { color: looks.ink } },
      hoverlabel: { bgcolor: looks.card, bordercolor: looks.line, font: { family: looks.sans, size: 12, color: looks.ink }, namelength: 44 },
      xaxis: { ...axis(figure.layout.xaxis, looks), ...(figure.data.some((trace) => trace.type === "scatter") ? spike : {}) },
      yaxis: axis(figure.layout.yaxis, looks),
      shapes: (figure.layout.shapes || []).map((shape, index) => ({ ...shape, fillcolor: index % 2 ? looks.band : "rgba(0,0,0,0)" })),
      annotations: (figure.layout.annotations || []).map((note) => ({ ...note, font: { size: 11, color: looks.soft } })),
    };
    return [data, layout];
  };

  // The buttons are listed, not subtracted: by default plotly also offers to send the chart to its maker's cloud.
  const CONFIG = { plotlyServerURL: "", showSendToCloud: false, displaylogo: false, displayModeBar: "hover", modeBarButtons: [["resetScale2d"]], responsive: true };

  const draw = async (plot) => {
    if (plot.dataset.state) return;
    plot.dataset.state = "loading";
    try {
      await load();
      const figure = JSON.parse(plot.parentElement.querySelector('script[type="application/json"]').textContent);
      await window.Plotly.newPlot(plot, ...dress(figure), CONFIG);
      plot.figure = figure;
      plot.dataset.state = "drawn";
    } catch (error) {
      plot.dataset.state = "failed";
      plot.style.minHeight = "0";
      plot.textContent = `This browser cannot draw the chart (${error.message}); the line below says the essentials.`;
    }
  };

  const observer = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => { observer.unobserve(entry.target); draw(entry.target); });
  }, { rootMargin: "300px 0px" });
  plots.forEach((plot) => observer.observe(plot));

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plots.filter((plot) => plot.figure).forEach((plot) => window.Plotly.react(plot, ...dress(plot.figure), CONFIG));
  });
  addEventListener("beforeprint", () => plots.forEach(draw));
})();
