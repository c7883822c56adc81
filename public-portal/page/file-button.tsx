interface FileButtonProps {
  readonly label: string;
  readonly onFiles: (files: readonly File[]) => void;
  readonly multiple?: boolean;
  readonly webkitdirectory?: boolean;
  readonly accept?: string;
  /** Where there is one, a camera takes the place of the files. */
  readonly capture?: 'environment';
  readonly class?: string;
}

/** A file chooser that looks like a button, and is one to the keyboard. */
export function FileButton({ label, onFiles, class: look = '', ...input }: FileButtonProps) {
  return (
    <label class={`button ${look}`}>
      {label}
      <input
        {...input}
        type="file"
        class="unseen"
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file may be chosen again.
          currentTarget.value = '';
        }}
      />
    </label>
  );
}
