// Ranks what the search has found: `html_search_scorer` puts this behind Sphinx's own functions.
//
// Sphinx asks for every word of a query and counts the best one. Here a section is ranked by all
// words of the query that it has: a rare word counts more than a common one, a title more than the
// text, a short text more than a long one, a whole word more than its beginning; a title that has the
// query as it was typed counts once more.
const WEIGHTS = {
  title: 4,
  text: 1,
  beginning: 0.4,
  asWritten: 1.5, // added where a title has the whole query
  object: 6.5,
  partOfObject: 0.8,
  apparatus: 0.5,
};
const APPARATUS = /#(objectives|references|exercises)$/;
const MOST = 30; // results; nobody reads on

const Ranking = {
  // How long each section's text or its titles are, in different words, next to the mean.
  lengths(index) {
    const count = new Map();
    for (const entries of Object.values(index)) {
      for (const i of [entries].flat()) count.set(i, (count.get(i) ?? 0) + 1);
    }
    const mean = [...count.values()].reduce((a, b) => a + b, 0) / count.size;
    return i => count.get(i) / mean;
  },

  // What of the index is read, with what a word there weighs in each section.
  fields() {
    if (!Ranking.read) {
      const { terms, titleterms } = Search._index;
      const text = Ranking.lengths(terms);
      const title = Ranking.lengths(titleterms);
      Ranking.read = [
        [terms, i => WEIGHTS.text / (0.7 + 0.3 * text(i))],
        [titleterms, i => WEIGHTS.title / (0.8 + 0.2 * title(i))],
      ];
    }
    return Ranking.read;
  },

  // The sections that have a word, and with what weight.
  sections(word) {
    const found = new Map();
    const add = (entries, weigh, share) => {
      for (const i of [entries].flat()) found.set(i, Math.max(share * weigh(i), found.get(i) ?? 0));
    };
    for (const [index, weigh] of Ranking.fields()) {
      if (Object.hasOwn(index, word)) add(index[word], weigh, 1);
      else if (word.length > 2) {
        for (const [term, entries] of Object.entries(index)) {
          if (term.startsWith(word)) add(entries, weigh, WEIGHTS.beginning);
        }
      }
    }
    return found;
  },

  // The score of each section that has a word of the query.
  scores(words) {
    const { docnames } = Search._index;
    const scores = new Map();
    let all = 0;
    for (const word of words) {
      const found = Ranking.sections(word);
      if (!found.size) continue;
      const rare = Math.log(1 + docnames.length / found.size);
      all += rare;
      for (const [i, weight] of found) scores.set(i, (scores.get(i) ?? 0) + rare * weight);
    }
    for (const [i, score] of scores) {
      scores.set(i, (score / all) * (APPARATUS.test(docnames[i]) ? WEIGHTS.apparatus : 1));
    }
    return scores;
  },

  // Adds to the scores of sections with a title, own or a question's, that has the query as it is.
  addAsWritten(scores, query) {
    const words = query.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const asWritten = new RegExp(`(?<![\\p{L}\\p{N}_])${words}(?![\\p{L}\\p{N}_])`, "iu");
    const found = new Set();
    for (const [title, places] of Object.entries(Search._index.alltitles)) {
      if (words && asWritten.test(title)) for (const [i] of places) found.add(i);
    }
    for (const i of found) scores.set(i, (scores.get(i) ?? 0) + WEIGHTS.asWritten);
    return scores;
  },

  // Sphinx's form of a result: page, title, place, what it is, score, file.
  result(i, score) {
    const { docnames, titles, filenames } = Search._index;
    const [page, place] = docnames[i].split("#");
    return [page, titles[i], place ? `#${place}` : "", null, score, filenames[i]];
  },

  objects(objectTerms) {
    const found = [...objectTerms].flatMap(term => Search.performObjectSearch(term, objectTerms));
    return found.map(([page, name, place, what, score, file]) => {
      const whole = score >= Scorer.objNameMatch;
      return [page, name, place, what, whole ? WEIGHTS.object : WEIGHTS.partOfObject, file];
    });
  },
};

Scorer.objPrio = {};

// Returns the worst first: Sphinx shows the last result at the top.
Search._performSearch = (query, searchTerms, excludedTerms, highlightTerms, objectTerms) => {
  const without = [...excludedTerms].map(word => Ranking.sections(word));
  const found = [...Ranking.addAsWritten(Ranking.scores(searchTerms), query)]
    .filter(([i]) => !without.some(sections => sections.has(i)))
    .map(([i, score]) => Ranking.result(i, score));
  const named = new Map([...found, ...Ranking.objects(objectTerms)].map(r => [r[0] + r[2], r]));
  return [...named.values()].toSorted((a, b) => a[4] - b[4]).slice(-MOST);
};
