//! The source types that were linked into the program, and how one is built.

use collector_core::table::{self, Node};
use collector_core::{Source, SourceConfig, SourceError};

use crate::SourceContext;

/// The way from a source's options to a running [`Source`].
pub trait Build: SourceConfig {
    /// Builds the source. Spends no call.
    ///
    /// # Errors
    /// Something that the options name cannot be used.
    fn build(self, context: SourceContext) -> Result<Source, SourceError>;
}

/// Builds the sources of one type.
pub struct SourceBuilder {
    type_name: &'static str,
    build: fn(&Node, SourceContext) -> Result<Source, SourceError>,
}

inventory::collect!(SourceBuilder);

impl SourceBuilder {
    pub const fn of<C: Build>() -> Self {
        Self {
            type_name: C::TYPE,
            build: |options, context| {
                let config: C = table::read(options).map_err(|_| SourceError::Misconfigured {
                    reason: "the options have mistakes".to_owned(),
                })?;
                config.build(context)
            },
        }
    }

    /// Builds a source of options that were found right.
    ///
    /// # Errors
    /// As [`Build::build`].
    pub fn build(&self, options: &Node, context: SourceContext) -> Result<Source, SourceError> {
        (self.build)(options, context)
    }
}

/// The builder of a source type; `None` where nothing of that name is linked.
pub fn builder(type_name: &str) -> Option<&'static SourceBuilder> {
    inventory::iter::<SourceBuilder>
        .into_iter()
        .find(|builder| builder.type_name == type_name)
}

/// Makes a source type known to the program: `register_source!(TelematicsConfig);`, once, in the source's crate.
#[macro_export]
macro_rules! register_source {
    ($config:ty) => {
        $crate::private::inventory::submit! {
            $crate::private::collector_core::SourcePlugin::of::<$config>()
        }
        $crate::private::inventory::submit! { $crate::SourceBuilder::of::<$config>() }
    };
}
