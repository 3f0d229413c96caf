//! Puts functions of several columns together, before their lines are compared.

use crate::compare::align::{GridRow, grid};
use crate::compare::columns::Column;
use crate::compare::extract::Function;

/// Functions that belong together, one for each column of their kind.
pub struct Group<'a> {
    /// Which columns these are.
    pub columns: Vec<usize>,
    /// The function in each of these columns.
    pub functions: Vec<Option<&'a Function>>,
    /// Their lines beside each other.
    pub rows: Vec<GridRow>,
}

/// Puts the functions of the columns of one kind together by their names; those that only a later column has follow the
/// one that they follow there.
pub(super) fn groups<'a>(columns: &[Column<'a>], indices: &[usize]) -> Vec<Group<'a>> {
    let of_kind: Vec<&Column<'a>> = indices.iter().filter_map(|index| columns.get(*index)).collect();
    let mut groups: Vec<Vec<Option<&'a Function>>> = Vec::new();
    // One function in each belongs together whatever it is called: `from_request` here, `from_data` there.
    if of_kind.iter().all(|column| column.main < 2) {
        let group: Vec<_> = of_kind.iter().map(|column| column.functions.first().copied()).collect();
        groups.extend(group.iter().any(Option::is_some).then_some(group));
    }
    let first_groups = groups.len();
    for (place, column) in of_kind.iter().enumerate() {
        let mut after = first_groups;
        for function in column.functions.iter().skip(first_groups) {
            let belongs = |group: &Vec<Option<&Function>>| {
                group.get(place).is_some_and(Option::is_none)
                    && group.iter().flatten().any(|other| other.operation() == function.operation())
            };
            let index = groups.iter().position(belongs).unwrap_or_else(|| {
                groups.insert(after, vec![None; of_kind.len()]);
                after
            });
            if let Some(cell) = groups.get_mut(index).and_then(|group| group.get_mut(place)) {
                *cell = Some(function);
            }
            after = index + 1;
        }
    }
    let group =
        |functions: Vec<Option<&'a Function>>| Group { columns: indices.to_vec(), rows: grid(&functions), functions };
    groups.into_iter().map(group).collect()
}
