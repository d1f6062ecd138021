//! Products of matrices.

use super::Inputs;
use crate::graph::operator::Operator;
use crate::graph::value::Value;
use crate::{Result, Tensor};

pub(super) fn product(operator: &Operator, inputs: &Inputs) -> Result<Value> {
    match operator {
        Operator::Gemm { alpha, beta, transpose_a, transpose_b } => {
            let turned = |t: Tensor, turn: bool| if turn { t.permute(&[1, 0]) } else { Ok(t) };
            let (a, b) = (inputs.float(0)?, inputs.float(1)?);
            if a.shape().len() != 2 || b.shape().len() != 2 {
                return Err(inputs.refused(format!("shapes {:?} and {:?}, expected matrices", a.shape(), b.shape())));
            }
            let product = turned(a, *transpose_a)?.matrix_multiply(&turned(b, *transpose_b)?)?;
            let product = if *alpha == 1.0 { product } else { product.affine(*alpha, 0.0)? };
            let Some(_) = inputs.get(2) else { return Ok(Value::float(product)) };
            let bias = inputs.float(2)?;
            let bias = if *beta == 1.0 { bias } else { bias.affine(*beta, 0.0)? };
            let sum = product.add(&bias)?;
            if sum.shape() != product.shape() {
                return Err(inputs.refused(format!("{:?} added to {:?}", bias.shape(), product.shape())));
            }
            Ok(Value::float(sum))
        }
        Operator::MatMul => matmul(&inputs.tensor(0)?, &inputs.tensor(1)?, inputs),
        Operator::Einsum { equation } => {
            let (made, scalar) = einsum(equation, inputs)?;
            Ok(super::elementwise::held(made, crate::graph::array::Kind::Float, scalar))
        }
        _ => Err(inputs.refused("no product".into())),
    }
}

/// As in NumPy: a list is a row on the left and a column on the right, and the dimensions before the last two broadcast.
fn matmul(a: &Tensor, b: &Tensor, inputs: &Inputs) -> Result<Value> {
    let (left, right) = (a.shape(), b.shape());
    let rows = if left.len() == 1 { vec![1, left[0]] } else { left.clone() };
    let columns = if right.len() == 1 { vec![right[0], 1] } else { right.clone() };
    if rows.last() != columns.get(columns.len() - 2) {
        return Err(inputs.refused(format!("shapes {left:?} and {right:?}, whose inner sizes differ")));
    }
    let (inner, wide) = (rows[rows.len() - 1], columns[columns.len() - 1]);
    let product = if columns.len() == 2 {
        // One product over all rows.
        let all: usize = rows[..rows.len() - 1].iter().product();
        let product = a.reshape(&[all, inner])?.matrix_multiply(&b.reshape(&columns)?)?;
        product.reshape(&[&rows[..rows.len() - 1], &[wide]].concat())?
    } else {
        let rank = rows.len().max(columns.len());
        let aligned = |shape: &[usize]| [&vec![1; rank - shape.len()][..], shape].concat();
        a.reshape(&aligned(&rows))?.matrix_multiply(&b.reshape(&aligned(&columns))?)?
    };
    let mut shape = product.shape();
    if right.len() == 1 {
        shape.pop();
    }
    if left.len() == 1 {
        let row = if right.len() == 1 { shape.len() - 1 } else { shape.len() - 2 };
        shape.remove(row);
    }
    let scalar = shape.is_empty();
    let tensor = product.reshape(if scalar { &[1] } else { &shape })?;
    Ok(super::elementwise::held(tensor, crate::graph::array::Kind::Float, scalar))
}

/// A product by letters for axes: those that the result lacks are summed over.
fn einsum(equation: &str, inputs: &Inputs) -> Result<(Tensor, bool)> {
    let plain: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let ranks = (0..inputs.values.len()).map(|index| inputs.value(index).map(|value| value.shape().len()));
    let plain = without_ellipsis(&plain, &ranks.collect::<Result<Vec<_>>>()?);
    let refused = |why: &str| inputs.refused(format!("equation `{equation}`: {why}"));
    let (terms, result) = match plain.split_once("->") {
        Some((terms, result)) => (terms.to_owned(), result.to_owned()),
        None => {
            let mut once: Vec<char> =
                plain.chars().filter(|c| c.is_alphabetic() && plain.matches(*c).count() == 1).collect();
            once.sort_unstable();
            (plain.clone(), once.into_iter().collect())
        }
    };
    let terms: Vec<Vec<char>> = terms.split(',').map(|term| term.chars().collect()).collect();
    let result: Vec<char> = result.chars().collect();
    let twice = |term: &Vec<char>| term.iter().any(|c| term.iter().filter(|other| *other == c).count() > 1);
    if terms.iter().chain([&result]).any(|term| twice(term) || term.iter().any(|c| !c.is_alphabetic())) {
        return Err(refused("expected letters, each once in a term"));
    }
    if terms.len() != inputs.values.len() {
        return Err(refused("expected a term for each input"));
    }
    let mut made: Option<(Vec<char>, Tensor)> = None;
    for (index, term) in terms.iter().enumerate() {
        let x = inputs.float(index)?;
        if x.shape().len() != term.len() {
            return Err(refused(&format!("input {index} has shape {:?}", x.shape())));
        }
        made = Some(match made {
            None => (term.clone(), x),
            Some((letters, before)) => {
                let later = |c: &char| result.contains(c) || terms[index + 1..].iter().any(|term| term.contains(c));
                two(&letters, &before, term, &x, later).map_err(|error| refused(&error.to_string()))?
            }
        });
    }
    let Some((letters, x)) = made else { return Err(refused("no input")) };
    let (letters, x) = summed(&letters, &x, |c| result.contains(c))?;
    if letters.len() != result.len() {
        return Err(refused("a letter of the result that no input has"));
    }
    if result.is_empty() {
        return Ok((x, true));
    }
    let order: Option<Vec<usize>> = result.iter().map(|c| letters.iter().position(|letter| letter == c)).collect();
    let order = order.ok_or_else(|| refused("a letter of the result that no input has"))?;
    Ok((x.permute(&order)?, false))
}

/// An equation with letters of its own for the axes that `...` stands for: the same ones in every term, from the last one on.
fn without_ellipsis(equation: &str, ranks: &[usize]) -> String {
    if !equation.contains("...") {
        return equation.to_owned();
    }
    let (terms, result) = match equation.split_once("->") {
        Some((terms, result)) => (terms, Some(result)),
        None => (equation, None),
    };
    // Letters that no equation is written in.
    let letters: Vec<char> = ('α'..='ω').collect();
    let counts = terms.split(',').zip(ranks).map(|(term, rank)| match term.contains("...") {
        true => rank.saturating_sub(term.chars().count() - 3).min(letters.len()),
        false => 0,
    });
    let counts: Vec<usize> = counts.collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let of = |count: usize| letters[most - count..most].iter().collect::<String>();
    let terms: Vec<String> =
        terms.split(',').zip(&counts).map(|(term, count)| term.replacen("...", &of(*count), 1)).collect();
    let terms = terms.join(",");
    match result {
        Some(result) => format!("{terms}->{}", result.replacen("...", &of(most), 1)),
        None => {
            // Without a result, the axes of the ellipsis come first, then the letters that stand once.
            let once = |c: &char| c.is_alphabetic() && !letters.contains(c) && terms.matches(*c).count() == 1;
            let mut rest: Vec<char> = terms.chars().filter(once).collect();
            rest.sort_unstable();
            format!("{terms}->{}{}", of(most), rest.into_iter().collect::<String>())
        }
    }
}

/// The axes that are not kept, summed over.
fn summed(letters: &[char], x: &Tensor, kept: impl Fn(&char) -> bool) -> Result<(Vec<char>, Tensor)> {
    let gone: Vec<usize> = (0..letters.len()).filter(|axis| !kept(&letters[*axis])).collect();
    if gone.is_empty() {
        return Ok((letters.to_vec(), x.clone()));
    }
    let shape = super::places::without(&x.shape(), &gone);
    let sum = x.sum(&gone)?.reshape(if shape.is_empty() { &[1] } else { &shape })?;
    Ok((letters.iter().filter(|c| kept(c)).copied().collect(), sum))
}

/// One product of matrices: letters of both that stay are batches, letters of both that go are summed over.
fn two(
    left: &[char],
    a: &Tensor,
    right: &[char],
    b: &Tensor,
    later: impl Fn(&char) -> bool,
) -> Result<(Vec<char>, Tensor)> {
    let (left, a) = summed(left, a, |c| right.contains(c) || later(c))?;
    let (right, b) = summed(right, b, |c| left.contains(c) || later(c))?;
    let batch: Vec<char> = left.iter().filter(|c| right.contains(c) && later(c)).copied().collect();
    let inner: Vec<char> = left.iter().filter(|c| right.contains(c) && !later(c)).copied().collect();
    let only =
        |letters: &[char], other: &[char]| letters.iter().filter(|c| !other.contains(c)).copied().collect::<Vec<_>>();
    let (rows, columns) = (only(&left, &right), only(&right, &left));
    let size = |letters: &[char], tensor: &Tensor, c: &char| {
        letters.iter().position(|letter| letter == c).map_or(1, |axis| tensor.shape()[axis])
    };
    let arranged = |letters: &[char], tensor: &Tensor, groups: [&[char]; 3]| -> Result<Tensor> {
        let order: Vec<usize> =
            groups.concat().iter().filter_map(|c| letters.iter().position(|letter| letter == c)).collect();
        let sizes = groups.map(|group| group.iter().map(|c| size(letters, tensor, c)).product::<usize>());
        let turned = if order.len() > 1 { tensor.permute(&order)? } else { tensor.clone() };
        turned.reshape(&sizes)
    };
    let product = arranged(&left, &a, [&batch, &rows, &inner])?.matrix_multiply(&arranged(
        &right,
        &b,
        [&batch, &inner, &columns],
    )?)?;
    let letters = [batch.clone(), rows.clone(), columns.clone()].concat();
    let sizes: Vec<usize> =
        letters.iter().map(|c| if left.contains(c) { size(&left, &a, c) } else { size(&right, &b, c) }).collect();
    let product = product.reshape(if sizes.is_empty() { &[1] } else { &sizes })?;
    Ok((letters, product))
}
