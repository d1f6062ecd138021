//! Perturbations, methods and metrics that cells define.

use super::notebook;
use lacuna_runtime::cells::Standard;

/// The built-in `blur`, written in a cell.
const BLUR: &str = "
@perturbation
class cell_blur:
    '''Replaces deleted regions by a blur'''
    def __init__(self, images, sigma: float = 10.0):
        self.images, self.reference = images, images.blur(sigma)
    def apply(self, mask):
        return self.images.blend(self.reference, mask)
";

#[test]
fn a_cells_perturbation_gives_the_map_of_the_same_one_in_rust() {
    notebook(|notebook| {
        notebook.cell(BLUR).unwrap();
        let race = "
a = explain('lesion-1', target='lesion', perturbation='blur', steps=10, perturbation_parameters={'sigma': 5.0})
b = explain('lesion-1', target='lesion', perturbation='cell-blur', steps=10, perturbation_parameters={'sigma': 5.0})
(a.map - b.map).abs().max().item(), a.map.max().item() - a.map.min().item() > 0.01";
        assert_eq!(notebook.text(race), "(0.0, True)");
    });
}

#[test]
fn a_definition_is_carried_with_what_it_refers_to() {
    notebook(|notebook| {
        notebook.cell("import math\nlevel = 0.25\ngrey = full((1, 1, 96, 96), level)").unwrap();
        notebook.cell("def shade(x): return x * 0 + grey * math.exp(0)").unwrap();
        notebook
            .cell("@perturbation\ndef shaded(images, mask): return images * mask + (1 - mask) * shade(images)")
            .unwrap();
        let deleted = "explain('lesion-1', target='lesion', perturbation='shaded', steps=3).findings; 'fine'";
        assert_eq!(notebook.text(deleted), "'fine'");
        // What it refers to changes, and the next explanation sees it.
        let both = "
a = explain('lesion-1', target='lesion', perturbation='shaded', steps=3).map
grey = full((1, 1, 96, 96), 0.9)
b = explain('lesion-1', target='lesion', perturbation='shaded', steps=3).map
(a - b).abs().max().item() > 0";
        assert_eq!(notebook.text(both), "True");
    });
}

#[test]
fn methods_and_metrics_are_defined_too() {
    notebook(|notebook| {
        notebook
            .cell(
                "
@method
def ascent(images, targets, classifier, scale: float = 2.0):
    '''How the score changes with each pixel'''
    x = track(images)
    score = classifier.scores(classifier.logits(x), targets).sum()
    return backward(score).of(x).abs() * scale

@metric
def heaviest(images, maps, masks, targets, classifier):
    '''The largest value of a map'''
    return [maps.max().item()]
",
            )
            .unwrap();
        let text =
            "e = explain('lesion-1', target='lesion', method='ascent')\ne.map.shape, e.method, e.map.min().item() >= 0";
        assert_eq!(notebook.text(text), "((1, 1, 96, 96), 'ascent', True)");
        // Nobody used a perturbation, and the record says so.
        assert_eq!(notebook.text("e.record['run']['perturbation'], e.perturbation"), "(None, None)");
        let text = "heaviest = measure('heaviest', e)\nabs(heaviest - e.map.max().item()) < 1e-6";
        assert_eq!(notebook.text(text), "True");
    });
}

#[test]
fn a_perturbation_that_makes_no_images_is_told_of() {
    notebook(|notebook| {
        notebook.cell("@perturbation\ndef loud(images, mask): return images * (1 + 1.5 * (1 - mask))").unwrap();
        let codes = "[one.code for one in explain('lesion-1', target='lesion', perturbation='loud', steps=2).findings]";
        assert!(notebook.text(codes).contains("'outside-range'"));
        assert!(!notebook.text(&codes.replace("loud", "blur")).contains("'outside-range'"));
    });
}

#[test]
fn what_a_definition_prints_is_shown() {
    notebook(|notebook| {
        let defined = "
import sys
@perturbation
def told(images, mask):
    print('deleting', images.shape)
    return images * mask

@metric
def counted(maps):
    print('counting', maps.shape[0], file=sys.stderr)
    return [1.0] * maps.shape[0]

@method
def failing(images):
    print('about to fail')
    raise ValueError('no')
";
        notebook.cell(defined).unwrap();
        notebook.cell("e = explain('lesion-1', target='lesion', perturbation='told', steps=2)").unwrap();
        let printed = notebook.shown.printed(Standard::Output);
        assert!(printed.lines().count() >= 2 && printed.starts_with("deleting (1, 1, 96, 96)\n"), "{printed}");
        notebook.cell("measure('counted', e)").unwrap();
        assert_eq!(notebook.shown.printed(Standard::Error), "counting 1\n");
        notebook.fails("explain('lesion-1', method='failing')");
        assert_eq!(notebook.shown.printed(Standard::Output), "about to fail\n");
    });
}

#[test]
fn a_definition_that_fails_names_its_line() {
    notebook(|notebook| {
        notebook.cell("@perturbation\ndef broken(images, mask):\n    return images.no_such").unwrap();
        let failure = notebook.fails("explain('lesion-1', perturbation='broken', steps=2)");
        let text = failure.traceback.join("\n");
        assert!(text.contains("no_such") && text.contains("broken") && text.contains("line 3"), "{text}");
        let failure = notebook
            .fails("@perturbation\ndef blur(images, mask): return images\nexplain('lesion-1', perturbation='blur')");
        assert!(failure.text.contains("blur"), "{failure:?}");
    });
}
